;;; matrix: which of many matrices of 1 and -1 are the same but for the order and the signs of their
;;; rows and columns: short lists, higher-order procedures, comparisons.
(import (scheme base) (scheme write) (scheme process-context))

(define size 60) ; tests: 2

(define side 5)

(define (next-random seed) (modulo (+ (* seed 3877) 29573) 139968))

;; A list of lists, and the seed after it.
(define (random-matrix seed return)
  (let each-row ((row side) (seed seed) (rows '()))
    (if (= row 0)
        (return rows seed)
        (let each ((column side) (seed seed) (line '()))
          (if (= column 0)
              (each-row (- row 1) seed (cons line rows))
              (each (- column 1)
                    (next-random seed)
                    (cons (if (< seed 69984) 1 -1) line)))))))

;; Calls `use` with each order of the items.
(define (for-each-order use items)
  (let choose ((ordered '()) (items items))
    (if (null? items)
        (use ordered)
        (let loop ((before '()) (after items))
          (unless (null? after)
            (choose (cons (car after) ordered) (append before (cdr after)))
            (loop (cons (car after) before) (cdr after)))))))

(define (multiplied signs row)
  (map * signs row))

(define (with-sign-at place row)
  (let ((sign (list-ref row place)))
    (map (lambda (value) (* sign value)) row)))

(define (transposed rows) (apply map list rows))

;; Whether one list of numbers comes after another of the same length.
(define (after? one other)
  (and (pair? one)
       (or (> (car one) (car other))
           (and (= (car one) (car other))
                (after? (cdr one) (cdr other))))))

(define (inserted column columns)
  (if (or (null? columns) (after? column (car columns)))
      (cons column columns)
      (cons (car columns) (inserted column (cdr columns)))))

(define (in-order columns)
  (let loop ((columns columns) (ordered '()))
    (if (null? columns)
        ordered
        (loop (cdr columns) (inserted (car columns) ordered)))))

;; Signs change so that the first row and one column hold only 1; then columns are ordered.
(define (normalized rows place)
  (let ((signs (car rows)))
    (in-order
     (transposed
      (map (lambda (row) (with-sign-at place (multiplied signs row))) rows)))))

(define (matrix-after? one other)
  (and (pair? one)
       (or (after? (car one) (car other))
           (and (equal? (car one) (car other))
                (matrix-after? (cdr one) (cdr other))))))

;; The last of all the forms a matrix can be given.
(define (canonical rows)
  (let ((best #f))
    (for-each-order
     (lambda (rows)
       (do ((place 0 (+ place 1)))
           ((= place side))
         (let ((form (normalized rows place)))
           (when (or (not best) (matrix-after? form best))
             (set! best form)))))
     rows)
    best))

(define (kinds times)
  (let loop ((left times) (seed 7) (found '()))
    (if (= left 0)
        (length found)
        (random-matrix
         seed
         (lambda (rows seed)
           (let ((form (canonical rows)))
             (loop (- left 1)
                   seed
                   (if (member form found) found (cons form found)))))))))

(define (known times)
  (let ((entry (assv times '((2 . 2) (60 . 21)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "matrix ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (kinds size)))
  (finish (eqv? result (known size)) result))
