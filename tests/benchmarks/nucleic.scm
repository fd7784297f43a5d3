;;; nucleic: where the parts of a molecule can lie in space: each part is placed beside the one before
;;; by one of some turns and shifts, and a placement is kept if it is near or far enough from others.
;;; Floats, vectors of twelve numbers, backtracking. (The classic program has the turns of real
;;; nucleotides, thousands of constants; here a dozen turns with rational sines stand for them.)
(import (scheme base) (scheme write) (scheme inexact) (scheme process-context))

(define size 7) ; tests: 4

;; A placement: the nine numbers of a turn, row by row, then the three of a shift.
(define (turned-and-shifted cosine sine axis x y z)
  (let ((minus (- sine)))
    (case axis
      ((x) (vector 1. 0. 0. 0. cosine minus 0. sine cosine x y z))
      ((y) (vector cosine 0. sine 0. 1. 0. minus 0. cosine x y z))
      (else (vector cosine minus 0. sine cosine 0. 0. 0. 1. x y z)))))

;; One number of the placement made by one after another: row and column of the turn.
(define (turn-product one other row column)
  (let ((first (* 3 row)))
    (+ (* (vector-ref one first) (vector-ref other column))
       (* (vector-ref one (+ first 1)) (vector-ref other (+ column 3)))
       (* (vector-ref one (+ first 2)) (vector-ref other (+ column 6))))))

;; A coordinate of a point after a placement.
(define (moved placement row x y z)
  (let ((first (* 3 row)))
    (+ (* (vector-ref placement first) x)
       (* (vector-ref placement (+ first 1)) y)
       (* (vector-ref placement (+ first 2)) z)
       (vector-ref placement (+ row 9)))))

(define (composed one other)
  (let ((x (vector-ref other 9)) (y (vector-ref other 10)) (z (vector-ref other 11)))
    (vector (turn-product one other 0 0) (turn-product one other 0 1) (turn-product one other 0 2)
            (turn-product one other 1 0) (turn-product one other 1 1) (turn-product one other 1 2)
            (turn-product one other 2 0) (turn-product one other 2 1) (turn-product one other 2 2)
            (moved one 0 x y z) (moved one 1 x y z) (moved one 2 x y z))))

(define (square-of x) (* x x))

(define (distance one other)
  (sqrt (+ (square-of (- (vector-ref one 0) (vector-ref other 0)))
           (square-of (- (vector-ref one 1) (vector-ref other 1)))
           (square-of (- (vector-ref one 2) (vector-ref other 2))))))

;; The atoms of a part, where it lies by itself.
(define atoms
  (list (vector 0. 0. 0.) (vector 1.25 .5 0.) (vector -.75 1. .5) (vector .25 -.5 1.25)))

(define (placed-atoms placement)
  (map (lambda (atom)
         (let ((x (vector-ref atom 0)) (y (vector-ref atom 1)) (z (vector-ref atom 2)))
           (vector (moved placement 0 x y z)
                   (moved placement 1 x y z)
                   (moved placement 2 x y z))))
       atoms))

(define start (vector 1. 0. 0. 0. 1. 0. 0. 0. 1. 0. 0. 0.))

;; The ways in which the next part may lie beside one.
(define ways
  (list (turned-and-shifted .6 .8 'x 3. 0. .5)
        (turned-and-shifted .6 -.8 'y 2.5 1. 0.)
        (turned-and-shifted .28 .96 'z 2.75 -.5 .25)
        (turned-and-shifted -.28 .96 'x 2.25 .75 -1.)
        (turned-and-shifted -.6 .8 'z 2.5 -1.25 0.)
        (turned-and-shifted .8 .6 'y -2.75 .25 .75)
        (turned-and-shifted .96 -.28 'z -2.5 0. -1.25)
        (turned-and-shifted -.8 .6 'x -2.25 1.5 .5)))

;; A part: its placement and its atoms.
(define (make-part placement) (cons placement (placed-atoms placement)))

(define (far-enough? atoms others)
  (or (null? atoms)
      (and (far-from-all? (car atoms) others)
           (far-enough? (cdr atoms) others))))

(define (far-from-all? atom others)
  (or (null? others)
      (and (> (distance atom (car others)) .7)
           (far-from-all? atom (cdr others)))))

(define (clear-of-all? part parts)
  (or (null? parts)
      (and (far-enough? (cdr part) (cdar parts))
           (clear-of-all? part (cdr parts)))))

(define reach 4.5)

;; Whether so many parts more can still bring the end back near to the beginning.
(define (can-return? part left)
  (< (distance (cadr part) (vector 0. 0. 0.)) (* reach (+ left 1))))

;; How many chains of parts there are that come back to where they began without touching.
(define (count-chains parts left)
  (if (= left 0)
      1
      (let loop ((ways ways) (count 0))
        (if (null? ways)
            count
            (let ((part (make-part (composed (caar parts) (car ways)))))
              (loop (cdr ways)
                    (if (and (can-return? part (- left 1))
                             (clear-of-all? part parts))
                        (+ count (count-chains (cons part parts) (- left 1)))
                        count)))))))

(define (known parts)
  (let ((entry (assv parts '((4 . 100) (7 . 2246)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "nucleic ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (count-chains (list (make-part start)) size)))
  (finish (eqv? result (known size)) result))
