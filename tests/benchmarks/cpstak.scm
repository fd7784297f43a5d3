;;; cpstak: Takeuchi's function in continuation-passing style: closures and tail calls.
(import (scheme base) (scheme write) (scheme process-context))

(define size 150) ; tests: 1

(define (cpstak x y z return)
  (if (< y x)
      (cpstak (- x 1) y z
              (lambda (first)
                (cpstak (- y 1) z x
                        (lambda (second)
                          (cpstak (- z 1) x y
                                  (lambda (third)
                                    (cpstak first second third return)))))))
      (return z)))

(define (sum-of-taks times)
  (let loop ((left times) (sum 0))
    (if (= left 0)
        sum
        (loop (- left 1) (+ sum (cpstak 18 12 6 (lambda (value) value)))))))

(define (finish right? result)
  (display "cpstak ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (sum-of-taks size)))
  (finish (= result (* 7 size)) result))
