;; Symbols.
(map symbol? (list 'foo (car '(a b)) "bar" 'nil '() #f)) ;=> (#t #t #f #t #f #f)
(symbol=? 'a 'a 'a) ;=> #t
(symbol=? 'a 'a 'b) ;=> #f
(symbol=? 'a 'A) ;=> #f
(symbol=? 'a "a") ;!> :wrong-argument
(symbol->string 'flying-fish) ;=> "flying-fish"
(symbol->string 'Martin) ;=> "Martin"
(symbol->string (string->symbol "Malvina")) ;=> "Malvina"
(symbol->string 5) ;!> :wrong-argument
(string->symbol "mISSISSIppi") ;=> mISSISSIppi
(eqv? 'bitBlt (string->symbol "bitBlt")) ;=> #t
(eqv? 'LollyPop (string->symbol (symbol->string 'LollyPop))) ;=> #t
(string=? "K. Harper, M.D." (symbol->string (string->symbol "K. Harper, M.D."))) ;=> #t
(string->symbol "K. Harper, M.D.") ;=> |K. Harper, M.D.|
(string->symbol "") ;=> ||
(string->symbol "1") ;=> |1|
(string->symbol "+1") ;=> |+1|
(string->symbol "a|b\\c") ;=> |a\|b\\c|
(string->symbol "λ") ;=> λ
(string->symbol ".") ;=> |.|
(map string->symbol '("..." "+" "-" "->x" "+soup+" ".foo")) ;=> (... + - ->x +soup+ .foo)
(let ((s (string #\a))) (let ((symbol (string->symbol s))) (string-set! s 0 #\b) symbol)) ;=> a
