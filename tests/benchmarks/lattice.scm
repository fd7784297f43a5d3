;;; lattice: how many maps between two lattices keep their order, the lattices themselves being made
;;; of such maps: closures, lists, comparison of structures.
(import (scheme base) (scheme write) (scheme process-context))

(define size 8) ; tests: 3

;; A lattice: its elements, and a procedure that compares two: less, equal, more or neither.
(define (make-lattice elements compare) (cons elements compare))
(define (elements-of lattice) (car lattice))
(define (compare-in lattice) (cdr lattice))

;; The order of pairs of elements, given those of the halves.
(define (combined one other)
  (cond ((eq? one other) one)
        ((eq? one 'equal) other)
        ((eq? other 'equal) one)
        (else 'neither)))

(define (compare-maps compare)
  (lambda (one other)
    (let loop ((one one) (other other) (order 'equal))
      (if (or (eq? order 'neither) (null? one))
          order
          (loop (cdr one)
                (cdr other)
                (combined order (compare (car one) (car other))))))))

(define (no-more? order) (or (eq? order 'less) (eq? order 'equal)))

;; Whether `value` may be the image of an element, given the images of those before it.
(define (keeps-order? source target element value pairs)
  (let ((source-order (compare-in source)) (target-order (compare-in target)))
    (let loop ((pairs pairs))
      (or (null? pairs)
          (and (let ((order (source-order (caar pairs) element)))
                 (cond ((eq? order 'less)
                        (no-more? (target-order (cdar pairs) value)))
                       ((eq? order 'more)
                        (no-more? (target-order value (cdar pairs))))
                       (else #t)))
               (loop (cdr pairs)))))))

;; Folds over all maps that keep the order; a map is the list of pairs of element and image.
(define (fold-maps f state source target)
  (let loop ((elements (elements-of source)) (pairs '()) (state state))
    (if (null? elements)
        (f pairs state)
        (let each ((values (elements-of target)) (state state))
          (cond ((null? values) state)
                ((keeps-order? source target (car elements) (car values) pairs)
                 (each (cdr values)
                       (loop (cdr elements)
                             (cons (cons (car elements) (car values)) pairs)
                             state)))
                (else (each (cdr values) state)))))))

(define (lattice-of-maps source target)
  (make-lattice
   (fold-maps (lambda (pairs maps) (cons (map cdr pairs) maps)) '() source target)
   (compare-maps (compare-in target))))

(define (count-maps source target)
  (fold-maps (lambda (pairs count) (+ count 1)) 0 source target))

(define low-and-high
  (make-lattice '(low high)
                (lambda (one other)
                  (cond ((eq? one other) 'equal)
                        ((eq? one 'low) 'less)
                        (else 'more)))))

;; Each lattice that of the maps of the one before to itself: of 2, 3 and 10 elements.
(define three (lattice-of-maps low-and-high low-and-high))
(define ten (lattice-of-maps three three))

;; The first `count` elements of the lattice of ten.
(define (part count)
  (make-lattice
   (let loop ((elements (elements-of ten)) (left count))
     (if (= left 0) '() (cons (car elements) (loop (cdr elements) (- left 1)))))
   (compare-in ten)))

(define (known count)
  (let ((entry (assv count '((3 . 175) (8 . 48755) (10 . 120549)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "lattice ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (count-maps (part size) ten)))
  (finish (eqv? result (known size)) result))
