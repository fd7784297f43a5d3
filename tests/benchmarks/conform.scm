;;; conform: which of many types, all defined by each other, may stand in for which: a type conforms
;;; to another if it has all its operations, with results that conform and arguments that conform the
;;; other way. Lists, records as vectors, search in a cyclic graph with assumptions. (The classic
;;; program also names and merges types; here only the check for conformity is.)
(import (scheme base) (scheme write) (scheme process-context))

(define size 18) ; tests: 2

(define (next-random seed) (modulo (+ (* seed 3877) 29573) 139968))

;; A type: its number and its operations; an operation: a name, the argument's type, the result's.
(define (make-type number) (vector number '()))
(define (type-number type) (vector-ref type 0))
(define (type-operations type) (vector-ref type 1))
(define (set-type-operations! type operations) (vector-set! type 1 operations))

(define (make-operation name argument result) (list name argument result))
(define (operation-argument operation) (cadr operation))
(define (operation-result operation) (car (cddr operation)))

(define names '(open close read write copy))

;; Types in families: a later version of a type has more operations, takes arguments of earlier
;; versions and gives results of later ones. Some lack an operation, by pseudo-random numbers.
(define family-count 6)

(define (make-types versions)
  (let* ((count (* family-count versions)) (types (make-vector count #f)))
    (define (type-of family version)
      (vector-ref types (+ (* (modulo family family-count) versions) version)))
    (define (operations family version seed)
      (let loop ((left names) (place 0) (seed seed) (found '()))
        (if (or (null? left) (> place version))
            found
            (loop (cdr left)
                  (+ place 1)
                  (next-random seed)
                  (if (< (modulo (quotient seed 7) 100) 3)
                      found
                      (cons (make-operation (car left)
                                            (type-of (+ family place) (- versions version 1))
                                            (type-of (+ (* 2 family) place) version))
                            found))))))
    (do ((i 0 (+ i 1)))
        ((= i count))
      (vector-set! types i (make-type i)))
    (do ((i 0 (+ i 1))
         (seed 1 (next-random (next-random seed))))
        ((= i count) types)
      (set-type-operations!
       (vector-ref types i)
       (operations (quotient i versions) (modulo i versions) seed)))))

(define (assumed? one other assumptions)
  (and (pair? assumptions)
       (or (and (eq? (caar assumptions) one) (eq? (cdar assumptions) other))
           (assumed? one other (cdr assumptions)))))

;; The assumptions under which one type conforms to another, beginning with those given; #f if it
;; does not. A pair that is being looked at is assumed to conform.
(define (conforming one other assumptions)
  (if (or (eq? one other) (assumed? one other assumptions))
      assumptions
      (let loop ((wanted (type-operations other))
                 (assumptions (cons (cons one other) assumptions)))
        (and assumptions
             (if (null? wanted)
                 assumptions
                 (let ((found (assq (caar wanted) (type-operations one))))
                   (and found
                        (loop (cdr wanted)
                              (conforming-operation found (car wanted) assumptions)))))))))

(define (conforming-operation one other assumptions)
  (let ((assumptions
         (conforming (operation-argument other) (operation-argument one) assumptions)))
    (and assumptions
         (conforming (operation-result one) (operation-result other) assumptions))))

;; For each type, how many it conforms to; as one number.
(define (fingerprint types)
  (let ((count (vector-length types)))
    (let each-one ((i 0) (total 0) (sum 0))
      (if (= i count)
          (+ (* 1000003 total) sum)
          (let each ((j 0) (found 0))
            (cond ((= j count)
                   (each-one (+ i 1)
                             (+ total found)
                             (modulo (+ (* sum 31) found (type-number (vector-ref types i))) 1000003)))
                  ((conforming (vector-ref types i) (vector-ref types j) '())
                   (each (+ j 1) (+ found 1)))
                  (else (each (+ j 1) found))))))))

(define (known count)
  (let ((entry (assv count '((2 . 57037139) (18 . 2489744626)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "conform ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (fingerprint (make-types size))))
  (finish (eqv? result (known size)) result))
