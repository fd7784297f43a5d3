;;; diviter: every second element of a list, by iteration: fresh pairs and their reclamation.
(import (scheme base) (scheme write) (scheme process-context))

(define size 80000) ; tests: 10

(define (make-nulls count)
  (do ((i 0 (+ i 1))
       (nulls '() (cons '() nulls)))
      ((= i count) nulls)))

(define (halved whole)
  (do ((left whole (cddr left))
       (half '() (cons (car left) half)))
      ((null? left) half)))

(define (total-length whole times)
  (do ((i 0 (+ i 1))
       (total 0 (+ total (length (halved whole)))))
      ((= i times) total)))

(define (finish right? result)
  (display "diviter ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (total-length (make-nulls 200) size)))
  (finish (= result (* 100 size)) result))
