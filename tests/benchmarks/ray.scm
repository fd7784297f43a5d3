;;; ray: a picture of spheres by casting rays: floats, square roots, small vectors, lists.
(import (scheme base) (scheme write) (scheme inexact) (scheme process-context))

(define size 160) ; tests: 8

(define (make-point x y z) (vector x y z))
(define (point-x point) (vector-ref point 0))
(define (point-y point) (vector-ref point 1))
(define (point-z point) (vector-ref point 2))

(define (combined f one other)
  (make-point (f (point-x one) (point-x other))
              (f (point-y one) (point-y other))
              (f (point-z one) (point-z other))))

(define (minus one other) (combined - one other))
(define (plus one other) (combined + one other))

(define (scaled factor point)
  (make-point (* factor (point-x point))
              (* factor (point-y point))
              (* factor (point-z point))))

(define (dot one other)
  (+ (* (point-x one) (point-x other))
     (* (point-y one) (point-y other))
     (* (point-z one) (point-z other))))

(define (unit point) (scaled (/ 1. (sqrt (dot point point))) point))

;; A sphere: its center, its radius, and how much light it throws back.
(define (make-sphere x y z radius brightness)
  (vector (make-point x y z) radius brightness))
(define (sphere-center sphere) (vector-ref sphere 0))
(define (sphere-radius sphere) (vector-ref sphere 1))
(define (sphere-brightness sphere) (vector-ref sphere 2))

(define (make-world)
  (let loop ((i 0) (spheres (list (make-sphere 0. -300. -1200. 200. .8)
                                  (make-sphere -80. -150. -1200. 200. .7)
                                  (make-sphere 70. -100. -1200. 200. .9))))
    (if (= i 24)
        spheres
        (loop (+ i 1)
              (cons (make-sphere (* 80. (- (quotient i 4) 2.5))
                                 (+ 120. (* 60. (remainder i 4)))
                                 (- -900. (* 30. i))
                                 35.
                                 .75)
                    spheres)))))

(define world (make-world))
(define eye (make-point 0. 0. 200.))
(define light (unit (make-point .5 1. .8)))

;; How far along the ray the sphere is first met; #f if it is not.
(define (distance sphere from direction)
  (let* ((offset (minus from (sphere-center sphere)))
         (half (dot offset direction))
         (rest (- (dot offset offset) (* (sphere-radius sphere) (sphere-radius sphere))))
         (inside (- (* half half) rest)))
    (and (>= inside 0.)
         (let ((near (- (- half) (sqrt inside))))
           (and (> near .001) near)))))

;; Calls `found` with the nearest sphere and its distance, or returns `nothing`.
(define (nearest from direction nothing found)
  (let loop ((spheres world) (best #f) (best-distance 0.))
    (if (null? spheres)
        (if best (found best best-distance) nothing)
        (let ((this (distance (car spheres) from direction)))
          (if (and this (or (not best) (< this best-distance)))
              (loop (cdr spheres) (car spheres) this)
              (loop (cdr spheres) best best-distance))))))

;; From 0 to 255: the light that a point of a sphere throws back, half of it in a shadow.
(define (shade sphere point)
  (let* ((normal (unit (minus point (sphere-center sphere))))
         (facing (max 0. (dot normal light)))
         (lit (nearest point light 1. (lambda (other far) .5))))
    (* 255. (sphere-brightness sphere) (+ .1 (* .9 facing lit)))))

(define (cast x y)
  (let ((direction (unit (minus (make-point x y 0.) eye))))
    (nearest eye
             direction
             0.
             (lambda (sphere far) (shade sphere (plus eye (scaled far direction)))))))

(define (picture side)
  (let ((step (/ 100. side)))
    (let each-row ((row 0) (sum 0))
      (if (= row side)
          sum
          (let each ((column 0) (sum sum))
            (if (= column side)
                (each-row (+ row 1) sum)
                (each (+ column 1)
                      (+ sum
                         (exact (floor (cast (- (* step column) 50.) (- (* step row) 50.))))))))))))

(define (known side)
  (let ((entry (assv side '((8 . 4277) (160 . 1764638)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "ray ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (picture size)))
  (finish (eqv? result (known size)) result))
