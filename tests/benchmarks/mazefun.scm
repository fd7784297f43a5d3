;;; mazefun: mazes dug without any mutation: matrices are lists of rows, made anew at each step.
(import (scheme base) (scheme write) (scheme process-context))

(define size 500) ; tests: 2

(define side 11)

(define (next-random seed) (modulo (+ (* seed 3877) 29573) 139968))

(define (count-up from to)
  (if (= from to) '() (cons from (count-up (+ from 1) to))))

;; Every cell is at first a cave of its own.
(define (all-caves)
  (map (lambda (row)
         (map (lambda (column) (+ (* row side) column)) (count-up 0 side)))
       (count-up 0 side)))

(define (matrix-ref matrix row column) (list-ref (list-ref matrix row) column))

(define (matrix-map f matrix)
  (map (lambda (row) (map f row)) matrix))

(define (fold-list f state items)
  (if (null? items) state (fold-list f (f state (car items)) (cdr items))))

;; A wall stands between a cell and the one below or to the right.
(define (all-walls)
  (fold-list
   (lambda (walls row)
     (fold-list
      (lambda (walls column)
        (let ((walls (if (< (+ row 1) side)
                         (cons (list row column (+ row 1) column) walls)
                         walls)))
          (if (< (+ column 1) side)
              (cons (list row column row (+ column 1)) walls)
              walls)))
      walls
      (count-up 0 side)))
   '()
   (count-up 0 side)))

(define (without-place list place)
  (if (= place 0)
      (cdr list)
      (cons (car list) (without-place (cdr list) (- place 1)))))

(define (shuffled items seed)
  (let loop ((items items) (left (length items)) (seed seed) (result '()))
    (if (= left 0)
        result
        (let ((place (modulo seed left)))
          (loop (without-place items place)
                (- left 1)
                (next-random seed)
                (cons (list-ref items place) result))))))

;; The walls to break so that every cell can be reached in one way: a list, last broken first.
(define (dig walls)
  (let loop ((walls walls) (caves (all-caves)) (broken '()))
    (if (null? walls)
        broken
        (let* ((wall (car walls))
               (one (matrix-ref caves (car wall) (cadr wall)))
               (ends (cddr wall))
               (other (matrix-ref caves (car ends) (cadr ends))))
          (if (= one other)
              (loop (cdr walls) caves broken)
              (loop (cdr walls)
                    (matrix-map (lambda (cave) (if (= cave other) one cave)) caves)
                    (cons wall broken)))))))

(define (fingerprint walls)
  (fold-list (lambda (sum wall)
               (fold-list (lambda (sum number) (modulo (+ (* sum 31) number) 1000003)) sum wall))
             0
             walls))

;; All fingerprints taken together, or #f if a maze has the wrong number of openings.
(define (run times)
  (let ((walls (all-walls)))
    (let loop ((left times) (seed 42) (total 0))
      (if (= left 0)
          total
          (let ((broken (dig (shuffled walls seed))))
            (and (= (length broken) (- (* side side) 1))
                 (loop (- left 1)
                       (next-random seed)
                       (modulo (+ (* total 31) (fingerprint broken)) 1000003))))))))

(define (known times)
  (let ((entry (assv times '((2 . 76140) (500 . 867234)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "mazefun ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (run size)))
  (finish (eqv? result (known size)) result))
