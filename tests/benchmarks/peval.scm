;;; peval: a partial evaluator of a small first-order Scheme: it makes special versions of procedures
;;; for the arguments that are known: lists, symbols, association lists, `equal?`.
(import (scheme base) (scheme write) (scheme process-context))

(define size 1200) ; tests: 2

;; A program: a list of (name (parameter …) body). A body is a variable, (quote value),
;; (if test then else), or the name of a primitive or a procedure with arguments.
(define primitives
  (list (cons '+ +) (cons '- -) (cons '* *) (cons '= =) (cons '< <)
        (cons 'car car) (cons 'cdr cdr) (cons 'cons cons)
        (cons 'null? null?) (cons 'pair? pair?) (cons 'eq? eq?)))

(define (constant? expression) (and (pair? expression) (eq? (car expression) 'quote)))
(define (constant value) (list 'quote value))
(define (value-of constant) (cadr constant))
(define (all? holds? items)
  (or (null? items) (and (holds? (car items)) (all? holds? (cdr items)))))
(define (third items) (car (cddr items)))

;; A procedure as it is special for some arguments: its name, the old name, and the arguments, of
;; which #f is not known.
(define (find-version old arguments versions)
  (cond ((null? versions) #f)
        ((and (eq? old (cadr (car versions)))
              (equal? arguments (third (car versions))))
         (car (car versions)))
        (else (find-version old arguments (cdr versions)))))

(define (new-name old number)
  (string->symbol (string-append (symbol->string old) "-" (number->string number))))

(define (known-arguments arguments)
  (map (lambda (argument) (and (constant? argument) argument)) arguments))

;; What is not known of two lists, by place.
(define (unknown items arguments)
  (cond ((null? items) '())
        ((car arguments) (unknown (cdr items) (cdr arguments)))
        (else (cons (car items) (unknown (cdr items) (cdr arguments))))))

(define (environment parameters arguments)
  (map (lambda (parameter argument) (cons parameter (or argument parameter)))
       parameters
       arguments))

;; The program made from the procedure `name` with these arguments (#f is not known): the first
;; procedure is the one asked for.
(define (specialized program name arguments)
  (let ((versions '()) (waiting '()) (count 0) (made '()))
    (define (version-of old arguments)
      (or (find-version old arguments versions)
          (let ((name (new-name old count)))
            (set! count (+ count 1))
            (set! versions (cons (list name old arguments) versions))
            (set! waiting (cons (list name old arguments) waiting))
            name)))
    (define (reduced expression bindings)
      (cond ((symbol? expression) (cdr (assq expression bindings)))
            ((constant? expression) expression)
            ((eq? (car expression) 'if)
             (reduced-if (reduced (cadr expression) bindings) (cddr expression) bindings))
            (else
             (reduced-call (car expression) (reduced-all (cdr expression) bindings)))))
    (define (reduced-all expressions bindings)
      (if (null? expressions)
          '()
          (let ((first (reduced (car expressions) bindings)))
            (cons first (reduced-all (cdr expressions) bindings)))))
    (define (reduced-if test branches bindings)
      (if (constant? test)
          (reduced (if (value-of test) (car branches) (cadr branches)) bindings)
          (cons 'if (cons test (reduced-all branches bindings)))))
    (define (reduced-call name arguments)
      (let ((primitive (assq name primitives)))
        (cond ((not primitive)
               (let ((known (known-arguments arguments)))
                 (cons (version-of name known) (unknown arguments known))))
              ((all? constant? arguments)
               (constant (apply (cdr primitive) (map value-of arguments))))
              (else (simplified (cons name arguments))))))
    (version-of name arguments)
    (let loop ()
      (if (null? waiting)
          (reverse made)
          (let* ((version (car waiting))
                 (old (assq (cadr version) program))
                 (arguments (third version)))
            (set! waiting (cdr waiting))
            (set! made
                  (cons (list (car version)
                              (unknown (cadr old) arguments)
                              (reduced (third old) (environment (cadr old) arguments)))
                        made))
            (loop))))))

;; A sum with zero, a product with one.
(define (simplified call)
  (let ((first (cadr call)) (second (if (pair? (cddr call)) (third call) #f)))
    (cond ((and (eq? (car call) '+) (equal? first ''0)) second)
          ((and (eq? (car call) '+) (equal? second ''0)) first)
          ((and (eq? (car call) '*) (equal? first ''1)) second)
          ((and (eq? (car call) '*) (equal? second ''1)) first)
          (else call))))

;; The value of a procedure of a program.
(define (run program name values)
  (define (value expression bindings)
    (cond ((symbol? expression) (cdr (assq expression bindings)))
          ((constant? expression) (value-of expression))
          ((eq? (car expression) 'if)
           (if (value (cadr expression) bindings)
               (value (third expression) bindings)
               (value (third (cdr expression)) bindings)))
          (else
           (call (car expression)
                 (map (lambda (part) (value part bindings)) (cdr expression))))))
  (define (call name values)
    (let ((primitive (assq name primitives)))
      (if primitive
          (apply (cdr primitive) values)
          (let ((procedure (assq name program)))
            (value (third procedure) (map cons (cadr procedure) values))))))
  (call name values))

(define power
  '((power (n x)
      (if (= n '0) '1 (* x (power (- n '1) x))))))

(define ackermann
  '((ack (m n)
      (if (= m '0)
          (+ n '1)
          (if (= n '0)
              (ack (- m '1) '1)
              (ack (- m '1) (ack m (- n '1))))))))

;; An interpreter of the formulas (x), (number n), (plus one other), (times one other): specialized
;; for a formula, it is the compiled formula.
(define interpreter
  '((meaning (formula x)
      (if (eq? (car formula) 'x)
          x
          (if (eq? (car formula) 'number)
              (car (cdr formula))
              (if (eq? (car formula) 'plus)
                  (+ (meaning (car (cdr formula)) x)
                     (meaning (car (cdr (cdr formula))) x))
                  (* (meaning (car (cdr formula)) x)
                     (meaning (car (cdr (cdr formula))) x))))))))

(define formula
  '(plus (times (number 3) (times (x) (x)))
         (plus (times (plus (x) (number 0)) (number 5))
               (times (number 1) (plus (x) (times (x) (times (x) (number 2))))))))

(define (check program name known rest)
  (let* ((arguments (cons (constant known) (map (lambda (value) #f) rest)))
         (special (specialized program name arguments))
         (value (run special (caar special) rest)))
    (and (= value (run program name (cons known rest)))
         (+ value (length special)))))

(define (check-all)
  (let ((one (check power 'power 20 '(2)))
        (other (check ackermann 'ack 2 '(3)))
        (third (check interpreter 'meaning formula '(4))))
    (and one other third (+ one other third))))

(define (repeat times)
  (let loop ((left times) (result #f))
    (if (= left 0) result (loop (- left 1) (check-all)))))

(define (finish right? result)
  (display "peval ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (repeat size)))
  (finish (eqv? result 1048732) result))
