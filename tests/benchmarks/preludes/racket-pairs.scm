;; For programs that change pairs, which Racket's own cannot be.
(require (only-in r5rs
                  quote cons car cdr set-car! set-cdr! caar cadr cdar cddr
                  pair? null? list length append reverse list-ref map for-each apply
                  memq memv member assq assv assoc))
