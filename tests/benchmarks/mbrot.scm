;;; mbrot: a picture of Mandelbrot's set: arithmetic on floats in a loop.
(import (scheme base) (scheme write) (scheme process-context))

(define size 500) ; tests: 10

(define most 64)

;; After how many steps the point leaves the circle of radius two; at most `most`.
(define (steps real imaginary)
  (let loop ((x real) (y imaginary) (count 0))
    (let ((xx (* x x)) (yy (* y y)))
      (if (or (= count most) (> (+ xx yy) 4.))
          count
          (loop (+ (- xx yy) real) (+ (* 2. x y) imaginary) (+ count 1))))))

;; The sum of the steps of all points of a grid.
(define (picture side)
  (let ((step (/ 2.5 side)))
    (let each-row ((row 0) (sum 0))
      (if (= row side)
          sum
          (let ((imaginary (+ -1.25 (* row step))))
            (let each ((column 0) (sum sum))
              (if (= column side)
                  (each-row (+ row 1) sum)
                  (each (+ column 1)
                        (+ sum (steps (+ -2. (* column step)) imaginary))))))))))

(define (known side)
  (let ((entry (assv side '((10 . 2199) (500 . 4881276)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "mbrot ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (picture size)))
  (finish (eqv? result (known size)) result))
