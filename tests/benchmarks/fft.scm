;;; fft: the fast Fourier transform there and back again: vectors of floats.
(import (scheme base) (scheme write) (scheme inexact) (scheme process-context))

(define size 17) ; tests: 6

(define count (expt 2 size))
(define pi (* 4. (atan 1.)))

(define (swap! vector i j)
  (let ((value (vector-ref vector i)))
    (vector-set! vector i (vector-ref vector j))
    (vector-set! vector j value)))

;; Every element goes to the place whose bits are its own, reversed.
(define (reverse-bits! reals imaginaries)
  (let loop ((i 0) (j 0))
    (when (< i count)
      (when (< i j)
        (swap! reals i j)
        (swap! imaginaries i j))
      (let carry ((bit (quotient count 2)) (j j))
        (if (and (>= bit 1) (>= j bit))
            (carry (quotient bit 2) (- j bit))
            (loop (+ i 1) (+ j bit)))))))

;; Joins the transforms of the halves at `i` and `j`, the second turned by an angle.
(define (butterfly! reals imaginaries i j cosine sine)
  (let* ((real (vector-ref reals j))
         (imaginary (vector-ref imaginaries j))
         (turned-real (- (* real cosine) (* imaginary sine)))
         (turned-imaginary (+ (* real sine) (* imaginary cosine))))
    (vector-set! reals j (- (vector-ref reals i) turned-real))
    (vector-set! imaginaries j (- (vector-ref imaginaries i) turned-imaginary))
    (vector-set! reals i (+ (vector-ref reals i) turned-real))
    (vector-set! imaginaries i (+ (vector-ref imaginaries i) turned-imaginary))))

;; The sign of the angle: -1. there, 1. back.
(define (transform! reals imaginaries sign)
  (reverse-bits! reals imaginaries)
  (do ((half 1 (* half 2)))
      ((= half count))
    (let ((angle (/ (* sign pi) half)))
      (do ((offset 0 (+ offset 1)))
          ((= offset half))
        (let ((cosine (cos (* angle offset))) (sine (sin (* angle offset))))
          (do ((i offset (+ i half half)))
              ((>= i count))
            (butterfly! reals imaginaries i (+ i half) cosine sine)))))))

(define (sample i) (+ (sin (* .37 i)) (* .5 (cos (* 1.1 i)))))

(define (samples)
  (let ((vector (make-vector count 0.)))
    (do ((i 0 (+ i 1)))
        ((= i count) vector)
      (vector-set! vector i (sample i)))))

(define (energy reals imaginaries)
  (do ((i 0 (+ i 1))
       (sum 0.
            (+ sum
               (* (vector-ref reals i) (vector-ref reals i))
               (* (vector-ref imaginaries i) (vector-ref imaginaries i)))))
      ((= i count) sum)))

(define (largest-error reals)
  (do ((i 0 (+ i 1))
       (largest 0. (max largest (abs (- (/ (vector-ref reals i) count) (sample i))))))
      ((= i count) largest)))

(define (finish right? result)
  (display "fft ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let* ((reals (samples))
       (imaginaries (make-vector count 0.))
       (before (energy reals imaginaries)))
  (transform! reals imaginaries -1.)
  (let ((after (/ (energy reals imaginaries) count)))
    (transform! reals imaginaries 1.)
    (let ((error (largest-error reals)))
      (finish (and (< error 1e-9) (< (abs (- after before)) (* before 1e-9)))
              error))))
