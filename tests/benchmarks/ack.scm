;;; ack: Ackermann's function of 3 and n: deep recursion.
(import (scheme base) (scheme write) (scheme process-context))

(define size 10) ; tests: 3

(define (ack m n)
  (cond ((= m 0) (+ n 1))
        ((= n 0) (ack (- m 1) 1))
        (else (ack (- m 1) (ack m (- n 1))))))

(define (finish right? result)
  (display "ack ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (ack 3 size)))
  (finish (= result (- (expt 2 (+ size 3)) 3)) result))
