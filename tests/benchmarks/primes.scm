;;; primes: Eratosthenes' sieve over a list, each prime making the list anew.
(import (scheme base) (scheme write) (scheme process-context))

(define size 40000) ; tests: 100

(define (interval from to)
  (if (> from to)
      '()
      (cons from (interval (+ from 1) to))))

(define (without-multiples n numbers)
  (cond ((null? numbers) '())
        ((= (remainder (car numbers) n) 0) (without-multiples n (cdr numbers)))
        (else (cons (car numbers) (without-multiples n (cdr numbers))))))

(define (sieve numbers)
  (if (null? numbers)
      '()
      (cons (car numbers)
            (sieve (without-multiples (car numbers) (cdr numbers))))))

(define (known n)
  (let ((entry (assv n '((100 . 25) (1000 . 168) (10000 . 1229) (40000 . 4203)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "primes ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (length (sieve (interval 2 size)))))
  (finish (eqv? result (known size)) result))
