;;; paraffins: all paraffins of n carbon atoms, as structures made of radicals: lists and vectors.
(import (scheme base) (scheme write) (scheme process-context))

(define size 21) ; tests: 9

;; All ways to choose `count` radicals with `atoms` atoms in all, each at most `most` large;
;; of that size, only those in `allowed`: so that no choice comes twice in another order.
(define (choices count atoms most allowed radicals)
  (if (= count 0)
      (if (= atoms 0) '(()) '())
      (let each-size ((size (if (< atoms most) atoms most)) (found '()))
        (if (or (< size 0) (< (* size count) atoms))
            found
            (let each ((these (if (= size most) allowed (vector-ref radicals size)))
                       (found found))
              (if (null? these)
                  (each-size (- size 1) found)
                  (each (cdr these)
                        (with-each (car these)
                                   (choices (- count 1) (- atoms size) size these radicals)
                                   found))))))))

(define (with-each radical rests found)
  (if (null? rests)
      found
      (with-each radical
                 (cdr rests)
                 (cons (cons radical (car rests)) found))))

(define (choices-up-to count atoms most radicals)
  (choices count atoms most (vector-ref radicals most) radicals))

;; At each size, the radicals: hydrogen, or a carbon atom with three others.
(define (all-radicals most)
  (let ((radicals (make-vector (+ most 1) '())))
    (vector-set! radicals 0 '(hydrogen))
    (do ((size 1 (+ size 1)))
        ((> size most) radicals)
      (vector-set! radicals
                   size
                   (map (lambda (choice) (cons 'carbon choice))
                        (choices-up-to 3 (- size 1) (- size 1) radicals))))))

;; A paraffin has either one atom in its middle or one bond.
(define (around-an-atom n radicals)
  (choices-up-to 4 (- n 1) (quotient (- n 1) 2) radicals))

(define (around-a-bond n radicals)
  (if (odd? n)
      '()
      (choices-up-to 2 n (quotient n 2) radicals)))

(define (count-paraffins n)
  (let ((radicals (all-radicals (quotient n 2))))
    (+ (length (around-an-atom n radicals))
       (length (around-a-bond n radicals)))))

(define (known n)
  (let ((entry (assv n '((4 . 2) (5 . 3) (9 . 35) (17 . 24894) (18 . 60523) (19 . 148284)
                         (20 . 366319) (21 . 910726)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "paraffins ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (count-paraffins size)))
  (finish (eqv? result (known size)) result))
