;;; gcbench: binary trees of several depths, short-lived and long-lived, made from the root down and
;;; from the leaves up: records, memory, its reclamation.
(import (scheme base) (scheme write) (scheme process-context))

(define size 16) ; tests: 4

(define-record-type node
  (make-node left right)
  node?
  (left node-left set-node-left!)
  (right node-right set-node-right!))

(define (make-leaf) (make-node #f #f))

(define (fill! depth node)
  (when (> depth 0)
    (set-node-left! node (make-leaf))
    (set-node-right! node (make-leaf))
    (fill! (- depth 1) (node-left node))
    (fill! (- depth 1) (node-right node))))

(define (tree-from-root depth)
  (let ((root (make-leaf)))
    (fill! depth root)
    root))

(define (tree-from-leaves depth)
  (if (= depth 0)
      (make-leaf)
      (make-node (tree-from-leaves (- depth 1))
                 (tree-from-leaves (- depth 1)))))

(define (count-nodes tree)
  (if (node? tree)
      (+ 1 (count-nodes (node-left tree)) (count-nodes (node-right tree)))
      0))

(define (nodes-at depth) (- (expt 2 (+ depth 1)) 1))

;; The number of nodes counted in short-lived trees, about the same work at each depth.
(define (make-trees depth)
  (let loop ((left (quotient (* 2 (nodes-at size)) (nodes-at depth))) (total 0))
    (if (= left 0)
        total
        (loop (- left 1)
              (+ total
                 (count-nodes (tree-from-root depth))
                 (count-nodes (tree-from-leaves depth)))))))

(define (run)
  (let ((long-lived (tree-from-root size))
        (long-vector (make-vector 100000 0.5)))
    (do ((depth 2 (+ depth 2))
         (difference 0
                     (+ difference
                        (- (make-trees depth)
                           (* 2
                              (nodes-at depth)
                              (quotient (* 2 (nodes-at size)) (nodes-at depth)))))))
        ((> depth size)
         (+ difference
            (- (count-nodes long-lived) (nodes-at size))
            (if (= (vector-ref long-vector 99999) 0.5) 0 1))))))

(define (finish right? result)
  (display "gcbench ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (run)))
  (finish (= result 0) result))
