;;; destruc: lists cut in halves and joined by changing their pairs.
(import (scheme base) (scheme write) (scheme process-context))

(define size 50000) ; tests: 25

(define row-count 10)
(define row-length 50)

(define (make-row length)
  (let loop ((left length) (row '()))
    (if (= left 0) row (loop (- left 1) (cons 0 row)))))

(define (make-rows count)
  (let loop ((left count) (rows '()))
    (if (= left 0) rows (loop (- left 1) (cons (make-row 0) rows)))))

(define (last-pair-of row)
  (if (null? (cdr row)) row (last-pair-of (cdr row))))

;; Every row grows at its end; an empty one is begun.
(define (grow! rows)
  (unless (null? rows)
    (if (null? (car rows))
        (set-car! rows (make-row row-length))
        (set-cdr! (last-pair-of (car rows)) (make-row row-length)))
    (grow! (cdr rows))))

;; Marks the first `count` pairs; the last of them.
(define (mark! row count mark)
  (set-car! row mark)
  (if (= count 1) row (mark! (cdr row) (- count 1) mark)))

;; Cuts the second half off the first row; the second row keeps its own first half and has the
;; other's put in place of its second.
(define (exchange! rows mark)
  (let* ((row (car rows))
         (half (quotient (length row) 2))
         (cut-off
          (if (= half 0)
              (begin (set-car! rows '()) '())
              (let* ((pair (mark! row half mark)) (rest (cdr pair)))
                (set-cdr! pair '())
                rest)))
         (next (cadr rows)))
    (if (null? next)
        (set-car! (cdr rows) cut-off)
        (set-cdr! (mark! next (quotient (+ (length next) 1) 2) mark) cut-off))))

(define (step! rows mark)
  (if (null? (car rows))
      (grow! rows)
      (let loop ((rows rows))
        (unless (null? (cdr rows))
          (exchange! rows mark)
          (loop (cdr rows))))))

;; What all rows hold, as one number that depends on every place.
(define (fingerprint rows)
  (let each-row ((rows rows) (sum 0))
    (if (null? rows)
        sum
        (let each ((row (car rows)) (sum (+ sum 1)))
          (if (null? row)
              (each-row (cdr rows) sum)
              (each (cdr row) (modulo (+ (* sum 31) (car row)) 1000003)))))))

(define (run times)
  (let ((rows (make-rows row-count)))
    (do ((i 1 (+ i 1)))
        ((> i times) (fingerprint rows))
      (step! rows i))))

(define (known n)
  (let ((entry (assv n '((25 . 361014) (50000 . 529969)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "destruc ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (run size)))
  (finish (eqv? result (known size)) result))
