;; System interface: what does not depend on the world around.
(list? (features)) ;=> #t
(map (lambda (name) (and (memq name (features)) #t)) '(r7rs exact-closed full-unicode ieee-float ratios logos)) ;=> (#t #t #t #t #t #t)
(map procedure? (list exit emergency-exit get-environment-variable get-environment-variables command-line current-second current-jiffy jiffies-per-second)) ;=> (#t #t #t #t #t #t #t #t)
(exact-integer? (jiffies-per-second)) ;=> #t
(and (memq 'exact-complex (features)) (cond-expand (exact-complex #t))) ;=> #t
