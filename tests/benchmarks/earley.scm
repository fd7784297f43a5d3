;;; earley: Earley's parser, with a very ambiguous grammar; all trees of a sentence are made.
(import (scheme base) (scheme write) (scheme process-context))

(define size 14) ; tests: 5

;; A rule: the symbol it makes, then its parts. Whatever no rule makes is a word.
(define grammar '((s a) (s s s)))

(define (rules-of symbol)
  (let loop ((rules grammar) (found '()))
    (cond ((null? rules) found)
          ((eq? (caar rules) symbol) (loop (cdr rules) (cons (car rules) found)))
          (else (loop (cdr rules) found)))))

;; An item: a rule, the parts it still waits for, and where it began.
(define (make-item rule left start) (vector rule left start))
(define (item-rule item) (vector-ref item 0))
(define (item-left item) (vector-ref item 1))
(define (item-start item) (vector-ref item 2))

(define (same-item? one other)
  (and (eq? (item-rule one) (item-rule other))
       (eq? (item-left one) (item-left other))
       (= (item-start one) (item-start other))))

(define (has-item? items item)
  (and (pair? items)
       (or (same-item? (car items) item)
           (has-item? (cdr items) item))))

;; The chart: for each place in the sentence, the items that reach it.
(define (add-item! chart place item)
  (let ((items (vector-ref chart place)))
    (if (has-item? items item)
        #f
        (begin (vector-set! chart place (cons item items)) #t))))

(define (advanced item) (make-item (item-rule item) (cdr (item-left item)) (item-start item)))

(define (predict! chart place symbol)
  (let loop ((rules (rules-of symbol)) (news? #f))
    (if (null? rules)
        news?
        (let ((added? (add-item! chart place (make-item (car rules) (cdar rules) place))))
          (loop (cdr rules) (or added? news?))))))

(define (complete! chart place item)
  (let ((symbol (car (item-rule item))))
    (let loop ((items (vector-ref chart (item-start item))) (news? #f))
      (cond ((null? items) news?)
            ((and (pair? (item-left (car items))) (eq? (car (item-left (car items))) symbol))
             (let ((added? (add-item! chart place (advanced (car items)))))
               (loop (cdr items) (or added? news?))))
            (else (loop (cdr items) news?))))))

;; Predicts and completes at a place until nothing is new.
(define (close! chart place)
  (let again ()
    (let loop ((items (vector-ref chart place)) (news? #f))
      (if (null? items)
          (when news? (again))
          (let* ((item (car items))
                 (added? (if (null? (item-left item))
                             (complete! chart place item)
                             (predict! chart place (car (item-left item))))))
            (loop (cdr items) (or added? news?)))))))

(define (read-word! chart place word)
  (for-each
   (lambda (item)
     (when (and (pair? (item-left item)) (eq? (car (item-left item)) word))
       (add-item! chart (+ place 1) (advanced item))))
   (vector-ref chart place)))

(define (make-chart words)
  (let ((chart (make-vector (+ (length words) 1) '())))
    (predict! chart 0 's)
    (let loop ((words words) (place 0))
      (close! chart place)
      (unless (null? words)
        (read-word! chart place (car words))
        (loop (cdr words) (+ place 1))))
    chart))

(define (finished? chart rule start end)
  (has-item? (vector-ref chart end) (make-item rule '() start)))

;; All trees of a symbol between two places; each is found once and shared.
(define (make-trees chart)
  (let ((known (make-vector (vector-length chart) '())))
    (define (trees symbol start end)
      (let* ((key (cons symbol start))
             (entry (assoc key (vector-ref known end))))
        (if entry
            (cdr entry)
            (let ((found (all-of (rules-of symbol) symbol start end)))
              (vector-set! known end (cons (cons key found) (vector-ref known end)))
              found))))
    (define (all-of rules symbol start end)
      (cond ((null? rules)
             (if (and (null? (rules-of symbol)) (= end (+ start 1))) (list symbol) '()))
            ((finished? chart (car rules) start end)
             (append (map (lambda (parts) (cons symbol parts))
                          (sequences (cdar rules) start end))
                     (all-of (cdr rules) symbol start end)))
            (else (all-of (cdr rules) symbol start end))))
    (define (sequences parts start end)
      (if (null? (cdr parts))
          (map list (trees (car parts) start end))
          (let each-end ((middle (+ start 1)) (found '()))
            (if (= middle end)
                found
                (each-end (+ middle 1)
                          (products (trees (car parts) start middle)
                                    (if (null? (trees (car parts) start middle))
                                        '()
                                        (sequences (cdr parts) middle end))
                                    found))))))
    trees))

(define (products firsts rests found)
  (if (null? firsts)
      found
      (products (cdr firsts)
                rests
                (let loop ((rests rests) (found found))
                  (if (null? rests)
                      found
                      (loop (cdr rests) (cons (cons (car firsts) (car rests)) found)))))))

(define (make-words count)
  (if (= count 0) '() (cons 'a (make-words (- count 1)))))

(define (count-trees words)
  (let ((trees (make-trees (make-chart words))))
    (length (trees 's 0 (length words)))))

;; Catalan's number: the binary trees of this many leaves.
(define (catalan leaves)
  (let loop ((i 1) (value 1))
    (if (= i leaves)
        value
        (loop (+ i 1) (quotient (* value 2 (- (* 2 i) 1)) (+ i 1))))))

(define (finish right? result)
  (display "earley ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (count-trees (make-words size))))
  (finish (= result (catalan size)) result))
