;;; graphs: how many graphs of n vertices there are, each made by adding a vertex to a smaller one
;;; and kept if no other order of its vertices comes later: vectors, closures, search.
(import (scheme base) (scheme write) (scheme process-context))

(define size 7) ; tests: 4

(define (make-matrix side)
  (let ((rows (make-vector side #f)))
    (do ((i 0 (+ i 1)))
        ((= i side) rows)
      (vector-set! rows i (make-vector side 0)))))

(define (edge graph one other)
  (vector-ref (vector-ref graph one) other))

(define (set-edge! graph one other value)
  (vector-set! (vector-ref graph one) other value)
  (vector-set! (vector-ref graph other) one value))

;; How the edges from `vertex` to the vertices chosen so far compare with those of the vertex whose
;; place it takes: 1, 0 or -1.
(define (compare-edges graph chosen vertex place)
  (let loop ((i 0))
    (if (= i place)
        0
        (let ((mine (edge graph (vector-ref chosen i) vertex))
              (given (edge graph i place)))
          (cond ((> mine given) 1)
                ((< mine given) -1)
                (else (loop (+ i 1))))))))

;; Whether no order of the first `count` vertices gives a later graph.
(define (last-of-its-kind? graph count)
  (let ((chosen (make-vector count 0))
        (used (make-vector count #f)))
    (let choose ((place 0))
      (or (= place count)
          (let each ((vertex 0))
            (cond ((= vertex count) #t)
                  ((vector-ref used vertex) (each (+ vertex 1)))
                  (else
                   (let ((order (compare-edges graph chosen vertex place)))
                     (cond ((= order 1) #f)
                           ((= order -1) (each (+ vertex 1)))
                           (else
                            (vector-set! used vertex #t)
                            (vector-set! chosen place vertex)
                            (let ((last? (choose (+ place 1))))
                              (vector-set! used vertex #f)
                              (and last? (each (+ vertex 1))))))))))))))

;; Folds over all choices of edges between vertex `place` and those before.
(define (fold-edges graph place f state)
  (let loop ((other 0) (state state))
    (if (= other place)
        (f state)
        (begin
          (set-edge! graph other place 0)
          (let ((state (loop (+ other 1) state)))
            (set-edge! graph other place 1)
            (loop (+ other 1) state))))))

(define (fold-graphs f state count)
  (let ((graph (make-matrix count)))
    (let grow ((place 0) (state state))
      (if (= place count)
          (f graph state)
          (fold-edges graph
                      place
                      (lambda (state)
                        (if (last-of-its-kind? graph (+ place 1))
                            (grow (+ place 1) state)
                            state))
                      state)))))

(define (count-graphs n) (fold-graphs (lambda (graph count) (+ count 1)) 0 n))

(define (repeat times n)
  (let loop ((left times) (total 0))
    (if (= left 0) total (loop (- left 1) (+ total (count-graphs n))))))

(define times 4)

(define (known n)
  (let ((entry (assv n '((1 . 1) (2 . 2) (3 . 4) (4 . 11) (5 . 34) (6 . 156) (7 . 1044) (8 . 12346)))))
    (and entry (* times (cdr entry)))))

(define (finish right? result)
  (display "graphs ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (repeat times size)))
  (finish (eqv? result (known size)) result))
