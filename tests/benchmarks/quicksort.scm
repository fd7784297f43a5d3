;;; quicksort: a vector of pseudo-random integers sorted in place.
(import (scheme base) (scheme write) (scheme process-context))

(define size 600000) ; tests: 300

(define (next-random seed) (modulo (+ (* seed 16807) 11) 2147483647))

(define (random-vector length)
  (let ((vector (make-vector length 0)))
    (let loop ((i 0) (seed 1))
      (if (= i length)
          vector
          (begin
            (vector-set! vector i seed)
            (loop (+ i 1) (next-random seed)))))))

(define (swap! vector i j)
  (let ((value (vector-ref vector i)))
    (vector-set! vector i (vector-ref vector j))
    (vector-set! vector j value)))

(define (first-not-below vector i pivot)
  (if (< (vector-ref vector i) pivot) (first-not-below vector (+ i 1) pivot) i))

(define (last-not-above vector i pivot)
  (if (> (vector-ref vector i) pivot) (last-not-above vector (- i 1) pivot) i))

(define (sort-between! vector low high)
  (when (< low high)
    (let ((pivot (vector-ref vector (quotient (+ low high) 2))))
      (let loop ((i low) (j high))
        (if (> i j)
            (begin
              (sort-between! vector low j)
              (sort-between! vector i high))
            (let ((i (first-not-below vector i pivot)) (j (last-not-above vector j pivot)))
              (if (> i j)
                  (loop i j)
                  (begin
                    (swap! vector i j)
                    (loop (+ i 1) (- j 1))))))))))

(define (sum vector)
  (let ((length (vector-length vector)))
    (do ((i 0 (+ i 1))
         (total 0 (+ total (vector-ref vector i))))
        ((= i length) total))))

(define (in-order? vector)
  (let ((length (vector-length vector)))
    (let loop ((i 1))
      (or (>= i length)
          (and (<= (vector-ref vector (- i 1)) (vector-ref vector i))
               (loop (+ i 1)))))))

(define (finish right? result)
  (display "quicksort ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let* ((vector (random-vector size))
       (before (sum vector)))
  (sort-between! vector 0 (- size 1))
  (finish (and (in-order? vector) (= (sum vector) before)) (vector-ref vector 0)))
