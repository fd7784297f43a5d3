;;; puzzle: Baskett's packing of eighteen bricks into a cube of side five: vectors and loops.
(import (scheme base) (scheme write) (scheme process-context))

(define size 80) ; tests: 1

;; The cube lies in one of side eight, whose other cells are taken from the start.
(define side 8)
(define cell-count (* side side side))
(define (cell i j k) (+ i (* side (+ j (* side k)))))

;; A shape: its class, and the cells it takes from its first on.
(define (shape class width height depth)
  (let ((cells '()))
    (do ((k (- depth 1) (- k 1))) ((< k 0))
      (do ((j (- height 1) (- j 1))) ((< j 0))
        (do ((i (- width 1) (- i 1))) ((< i 0))
          (set! cells (cons (cell i j k) cells)))))
    (cons class (list->vector cells))))

(define shapes
  (vector (shape 0 4 2 1) (shape 0 2 1 4) (shape 0 1 4 2)
          (shape 0 2 4 1) (shape 0 4 1 2) (shape 0 1 2 4)
          (shape 1 3 1 1) (shape 1 1 3 1) (shape 1 1 1 3)
          (shape 2 2 2 1) (shape 2 2 1 2) (shape 2 1 2 2)
          (shape 3 2 2 2)))
(define shape-count (vector-length shapes))

(define taken (make-vector cell-count #t))
(define left-in-class (make-vector 4 0))
(define trials 0)

(define (prepare!)
  (set! trials 0)
  (vector-fill! taken #t)
  (do ((k 1 (+ k 1))) ((> k 5))
    (do ((j 1 (+ j 1))) ((> j 5))
      (do ((i 1 (+ i 1))) ((> i 5))
        (vector-set! taken (cell i j k) #f))))
  (vector-set! left-in-class 0 13)
  (vector-set! left-in-class 1 3)
  (vector-set! left-in-class 2 1)
  (vector-set! left-in-class 3 1))

(define (fits? cells place)
  (let ((count (vector-length cells)))
    (let loop ((i 0))
      (or (= i count)
          (and (not (vector-ref taken (+ place (vector-ref cells i))))
               (loop (+ i 1)))))))

(define (fill! cells place value)
  (let ((count (vector-length cells)))
    (do ((i 0 (+ i 1)))
        ((= i count))
      (vector-set! taken (+ place (vector-ref cells i)) value))))

(define (change-left! class difference)
  (vector-set! left-in-class class (+ (vector-ref left-in-class class) difference)))

;; The first free cell from `place` on, or #f.
(define (free-from place)
  (cond ((= place cell-count) #f)
        ((vector-ref taken place) (free-from (+ place 1)))
        (else place)))

;; Puts the brick there; the next free cell, or #f when the cube is full.
(define (put! brick place)
  (fill! (cdr brick) place #t)
  (change-left! (car brick) -1)
  (free-from place))

(define (take! brick place)
  (fill! (cdr brick) place #f)
  (change-left! (car brick) 1))

(define (solve? place)
  (set! trials (+ trials 1))
  (let loop ((i 0))
    (and (< i shape-count)
         (let ((brick (vector-ref shapes i)))
           (if (and (> (vector-ref left-in-class (car brick)) 0)
                    (fits? (cdr brick) place))
               (let ((next (put! brick place)))
                 (cond ((or (not next) (solve? next)) #t)
                       (else (take! brick place) (loop (+ i 1)))))
               (loop (+ i 1)))))))

(define (run)
  (prepare!)
  (let ((next (put! (vector-ref shapes 0) (cell 1 1 1))))
    (and (solve? next) trials)))

(define (repeat times)
  (let loop ((left times) (result #f))
    (if (= left 0) result (loop (- left 1) (run)))))

(define (finish right? result)
  (display "puzzle ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (repeat size)))
  (finish (eqv? result 2004) result))
