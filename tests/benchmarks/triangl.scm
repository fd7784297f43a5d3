;;; triangl: the triangular board of fifteen pegs, one jumping over another: vectors, search.
(import (scheme base) (scheme write) (scheme process-context))

(define size 13) ; tests: 5

;; Cells are numbered row by row; a jump is from, over, to.
(define (cell row column) (+ (quotient (* row (+ row 1)) 2) column))

(define (on-board? row column) (and (<= 0 row 4) (<= 0 column row)))

(define (all-jumps)
  (let ((jumps '()))
    (do ((row 0 (+ row 1))) ((= row 5))
      (do ((column 0 (+ column 1))) ((> column row))
        (for-each
         (lambda (way)
           (let ((down (car way)) (along (cdr way)))
             (when (on-board? (+ row down down) (+ column along along))
               (set! jumps
                     (cons (list (cell row column)
                                 (cell (+ row down) (+ column along))
                                 (cell (+ row down down) (+ column along along)))
                           jumps)))))
         '((0 . 1) (0 . -1) (1 . 0) (-1 . 0) (1 . 1) (-1 . -1)))))
    jumps))

(define jumps (all-jumps))
(define jump-count (length jumps))
(define from (list->vector (map car jumps)))
(define over (list->vector (map cadr jumps)))
(define to (list->vector (map (lambda (jump) (cadr (cdr jump))) jumps)))

(define board (make-vector 15 1))

(define (can-jump? i)
  (and (= (vector-ref board (vector-ref from i)) 1)
       (= (vector-ref board (vector-ref over i)) 1)
       (= (vector-ref board (vector-ref to i)) 0)))

(define (set-jump! i stays arrives)
  (vector-set! board (vector-ref from i) stays)
  (vector-set! board (vector-ref over i) stays)
  (vector-set! board (vector-ref to i) arrives))

;; How many games of this many jumps there are from here.
(define (games depth)
  (if (= depth 0)
      1
      (let loop ((i 0) (count 0))
        (cond ((= i jump-count) count)
              ((can-jump? i)
               (set-jump! i 0 1)
               (let ((found (games (- depth 1))))
                 (set-jump! i 1 0)
                 (loop (+ i 1) (+ count found))))
              (else (loop (+ i 1) count))))))

(define (known depth)
  (let ((entry (assv depth '((1 . 2) (5 . 532) (13 . 1550)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "triangl ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(vector-set! board 4 0)
(let ((result (games size)))
  (finish (eqv? result (known size)) result))
