;;; deriv: symbolic derivatives: lists, symbols, `map` with a closure.
(import (scheme base) (scheme write) (scheme process-context))

(define size 400000) ; tests: 10

(define (quotient-by part)
  (list '/ (derivative part) part))

(define (derivative term)
  (if (not (pair? term))
      (if (eq? term 'x) 1 0)
      (let ((parts (cdr term)))
        (case (car term)
          ((+ -) (cons (car term) (map derivative parts)))
          ((*) (list '* term (cons '+ (map quotient-by parts))))
          ((/)
           (let ((over (car parts)) (under (cadr parts)))
             (list '-
                   (list '/ (derivative over) under)
                   (list '/ over (list '* under under (derivative under))))))
          (else (error "no derivative is known of" (car term)))))))

(define term '(+ (* 3 x x) (* a x x) (* b x) 5))

(define expected
  '(+ (* (* 3 x x) (+ (/ 0 3) (/ 1 x) (/ 1 x)))
      (* (* a x x) (+ (/ 0 a) (/ 1 x) (/ 1 x)))
      (* (* b x) (+ (/ 0 b) (/ 1 x)))
      0))

(define (repeat times)
  (let loop ((left times) (result #f))
    (if (= left 0) result (loop (- left 1) (derivative term)))))

(define (finish right? result)
  (display "deriv ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (repeat size)))
  (finish (equal? result expected) result))
