;;; ctak: Takeuchi's function where every value is returned through a captured continuation.
(import (scheme base) (scheme write) (scheme process-context))

(define size 20) ; tests: 1

(define (tak-to return x y z)
  (if (< y x)
      (call-with-current-continuation
       (lambda (return)
         (tak-to
          return
          (call-with-current-continuation (lambda (k) (tak-to k (- x 1) y z)))
          (call-with-current-continuation (lambda (k) (tak-to k (- y 1) z x)))
          (call-with-current-continuation (lambda (k) (tak-to k (- z 1) x y))))))
      (return z)))

(define (ctak x y z)
  (call-with-current-continuation
   (lambda (return) (tak-to return x y z))))

(define (sum-of-taks times)
  (let loop ((left times) (sum 0))
    (if (= left 0)
        sum
        (loop (- left 1) (+ sum (ctak 16 10 4))))))

(define (finish right? result)
  (display "ctak ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (sum-of-taks size)))
  (finish (= result (* 5 size)) result))
