;;; nboyer: a prover that rewrites a term by lemmas until it can be seen to be a tautology: symbols,
;;; lists, matching. A third of the lemmas of Boyer and Moore that the classic program knows, with
;;; its theorem: the same work on a smaller scale.
(import (scheme base) (scheme write) (scheme process-context))

(define size 30) ; tests: 1

;; Both sides of each lemma; a symbol that heads no list is a variable, `(f)` a constant.
(define lemma-texts
  '(((and p q) (if p (if q (t) (f)) (f)))
    ((or p q) (if p (t) (if q (t) (f))))
    ((not p) (if p (f) (t)))
    ((implies p q) (if p (if q (t) (f)) (t)))
    ((iff x y) (and (implies x y) (implies y x)))
    ((if (if a b c) d e) (if a (if b d e) (if c d e)))
    ((zerop x) (or (equal x (zero)) (not (numberp x))))
    ((eqp x y) (equal (fix x) (fix y)))
    ((greaterp x y) (lessp y x))
    ((lesseqp x y) (not (lessp y x)))
    ((greatereqp x y) (not (lessp x y)))
    ((plus (plus x y) z) (plus x (plus y z)))
    ((equal (plus a b) (zero)) (and (zerop a) (zerop b)))
    ((equal (plus a b) (plus a c)) (equal (fix b) (fix c)))
    ((equal (zero) (difference x y)) (not (lessp y x)))
    ((equal x (difference x y)) (and (numberp x) (or (equal x (zero)) (zerop y))))
    ((difference x x) (zero))
    ((difference (plus x y) x) (fix y))
    ((difference (plus y x) x) (fix y))
    ((difference (plus x y) (plus x z)) (difference y z))
    ((difference (plus b (plus a c)) a) (plus b c))
    ((times x (plus y z)) (plus (times x y) (times x z)))
    ((times (times x y) z) (times x (times y z)))
    ((times x (difference c w)) (difference (times c x) (times w x)))
    ((equal (times x y) (zero)) (or (zerop x) (zerop y)))
    ((append (append x y) z) (append x (append y z)))
    ((reverse (append a b)) (append (reverse b) (reverse a)))
    ((member x (append a b)) (or (member x a) (member x b)))
    ((member x (reverse y)) (member x y))
    ((length (reverse x)) (length x))
    ((remainder x x) (zero))
    ((remainder (times x y) x) (zero))
    ((remainder (times y x) x) (zero))
    ((lessp (remainder x y) y) (not (zerop y)))
    ((lessp (plus x y) (plus x z)) (lessp y z))
    ((lessp y (plus x y)) (not (zerop x)))
    ((lessp (times x z) (times y z)) (and (not (zerop z)) (lessp x y)))
    ((equal (lessp x y) z) (if (lessp x y) (equal (t) z) (equal (f) z)))))

;; A head: its name and the lemmas whose left side it begins.
(define heads '())

(define (head-of name)
  (let ((known (assq name heads)))
    (if known
        (cdr known)
        (let ((head (vector name '())))
          (set! heads (cons (cons name head) heads))
          head))))

(define (lemmas-of head) (vector-ref head 1))
(define (add-lemma! head lemma)
  (vector-set! head 1 (append (vector-ref head 1) (list lemma))))

;; Terms are variables, or lists of a head and terms.
(define (term-of text)
  (if (pair? text)
      (cons (head-of (car text)) (map term-of (cdr text)))
      text))

(define if-head (head-of 'if))
(define true-term (term-of '(t)))
(define false-term (term-of '(f)))

(for-each
 (lambda (text)
   (add-lemma! (head-of (caar text))
               (cons (term-of (car text)) (term-of (cadr text)))))
 lemma-texts)

(define (same-term? one other)
  (if (pair? one)
      (and (pair? other)
           (eq? (car one) (car other))
           (same-terms? (cdr one) (cdr other)))
      (eq? one other)))

(define (same-terms? ones others)
  (if (null? ones)
      (null? others)
      (and (pair? others)
           (same-term? (car ones) (car others))
           (same-terms? (cdr ones) (cdr others)))))

(define (known-term? term terms)
  (and (pair? terms)
       (or (same-term? term (car terms)) (known-term? term (cdr terms)))))

;; What the variables of a pattern stand for in a term, added to `bindings`; #f if it does not match.
(define (match-term pattern term bindings)
  (if (pair? pattern)
      (and (pair? term)
           (eq? (car pattern) (car term))
           (match-terms (cdr pattern) (cdr term) bindings))
      (let ((bound (assq pattern bindings)))
        (if bound
            (and (same-term? (cdr bound) term) bindings)
            (cons (cons pattern term) bindings)))))

(define (match-terms patterns terms bindings)
  (if (null? patterns)
      (and (null? terms) bindings)
      (and (pair? terms)
           (let ((bindings (match-term (car patterns) (car terms) bindings)))
             (and bindings (match-terms (cdr patterns) (cdr terms) bindings))))))

(define (substituted bindings term)
  (if (pair? term)
      (cons (car term) (substituted-all bindings (cdr term)))
      (let ((bound (assq term bindings)))
        (if bound (cdr bound) term))))

(define (substituted-all bindings terms)
  (if (null? terms)
      '()
      (cons (substituted bindings (car terms))
            (substituted-all bindings (cdr terms)))))

(define rewrites 0)

(define (rewritten term)
  (set! rewrites (+ rewrites 1))
  (if (pair? term)
      (rewritten-by (lemmas-of (car term))
                    (cons (car term) (rewritten-all (cdr term))))
      term))

(define (rewritten-all terms)
  (if (null? terms)
      '()
      (cons (rewritten (car terms)) (rewritten-all (cdr terms)))))

(define (rewritten-by lemmas term)
  (if (null? lemmas)
      term
      (let ((bindings (match-term (caar lemmas) term '())))
        (if bindings
            (rewritten (substituted bindings (cdar lemmas)))
            (rewritten-by (cdr lemmas) term)))))

(define (tautology? term true false)
  (cond ((or (same-term? term true-term) (known-term? term true)) #t)
        ((or (same-term? term false-term) (known-term? term false)) #f)
        ((not (pair? term)) #f)
        ((eq? (car term) if-head)
         (let* ((test (cadr term)) (branches (cddr term)) (then (car branches))
                (otherwise (cadr branches)))
           (cond ((or (same-term? test true-term) (known-term? test true))
                  (tautology? then true false))
                 ((or (same-term? test false-term) (known-term? test false))
                  (tautology? otherwise true false))
                 (else
                  (and (tautology? then (cons test true) false)
                       (tautology? otherwise true (cons test false)))))))
        (else #f)))

(define theorem
  (substituted
   (map (lambda (pair) (cons (car pair) (term-of (cdr pair))))
        '((x . (g (plus (plus a b) (plus c (zero)))))
          (y . (g (times (times a b) (plus c d))))
          (z . (g (reverse (append (append a b) (nil)))))
          (u . (equal (plus a b) (difference x y)))
          (w . (lessp (remainder a b) (member a (length b))))))
   (term-of '(implies (and (implies x y)
                           (and (implies y z)
                                (and (implies z u) (implies u w))))
                      (implies x w)))))

;; How many rewrites prove the theorem again and again; #f if it is not proved.
(define (prove times)
  (set! rewrites 0)
  (let loop ((left times))
    (if (= left 0)
        rewrites
        (and (tautology? (rewritten theorem) '() '())
             (loop (- left 1))))))

(define (finish right? result)
  (display "nboyer ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (prove size)))
  (finish (eqv? result (* 95016 size)) result))
