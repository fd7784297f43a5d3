;;; simplex: linear programs solved by the simplex method: vectors of vectors of floats.
(import (scheme base) (scheme write) (scheme process-context))

(define size 4000) ; tests: 2

(define rows 14)
(define columns 18)

(define (next-random seed) (modulo (+ (* seed 3877) 29573) 139968))
(define (between-one-and-ten seed) (+ 1. (/ (* 9. seed) 139968.)))

(define (matrix-ref matrix row column) (vector-ref (vector-ref matrix row) column))

;; The table of: maximize c·x where A x <= b, all at least zero. Row by row A and b; last -c and 0.
(define (make-table seed)
  (let ((table (make-vector (+ rows 1) #f)))
    (let each-row ((row 0) (seed seed))
      (if (> row rows)
          table
          (let ((line (make-vector (+ columns 1) 0.)))
            (vector-set! table row line)
            (let each ((column 0) (seed seed))
              (if (> column columns)
                  (each-row (+ row 1) seed)
                  (let ((number (between-one-and-ten seed)))
                    (vector-set! line
                                 column
                                 (cond ((and (= row rows) (= column columns)) 0.)
                                       ((= row rows) (- number))
                                       ((= column columns) (* 100. number))
                                       (else number)))
                    (each (+ column 1) (next-random seed))))))))))

;; The column whose variable raises the goal most, or #f when none does.
(define (entering table)
  (let ((goal (vector-ref table rows)))
    (let loop ((column 0) (best #f) (least -1e-9))
      (cond ((= column columns) best)
            ((< (vector-ref goal column) least)
             (loop (+ column 1) column (vector-ref goal column)))
            (else (loop (+ column 1) best least))))))

;; The row that bounds that variable most tightly; there is one, as all of A is positive.
(define (leaving table column)
  (let loop ((row 0) (best #f) (least 0.))
    (if (= row rows)
        best
        (let ((by (matrix-ref table row column)))
          (if (> by 1e-9)
              (let ((ratio (/ (matrix-ref table row columns) by)))
                (if (or (not best) (< ratio least))
                    (loop (+ row 1) row ratio)
                    (loop (+ row 1) best least)))
              (loop (+ row 1) best least))))))

;; The variables of the row and the column change places.
(define (pivot! table pivot-row pivot-column)
  (let* ((line (vector-ref table pivot-row))
         (inverse (/ 1. (vector-ref line pivot-column))))
    (do ((row 0 (+ row 1)))
        ((> row rows))
      (unless (= row pivot-row)
        (let* ((other (vector-ref table row))
               (factor (* (vector-ref other pivot-column) inverse)))
          (do ((column 0 (+ column 1)))
              ((> column columns))
            (vector-set! other
                         column
                         (if (= column pivot-column)
                             (- factor)
                             (- (vector-ref other column)
                                (* factor (vector-ref line column)))))))))
    (do ((column 0 (+ column 1)))
        ((> column columns))
      (vector-set! line
                   column
                   (if (= column pivot-column)
                       inverse
                       (* inverse (vector-ref line column)))))))

(define (swap! vector i other j)
  (let ((value (vector-ref vector i)))
    (vector-set! vector i (vector-ref other j))
    (vector-set! other j value)))

(define (numbers from count)
  (let ((vector (make-vector count 0)))
    (do ((i 0 (+ i 1)))
        ((= i count) vector)
      (vector-set! vector i (+ from i)))))

;; Solves it; the goal's value, or #f if the multipliers of the bounds do not prove that it is the
;; best: their sum with b must be the same.
(define (solve seed)
  (let ((table (make-table seed))
        (bounds (make-table seed))
        (in-columns (numbers 0 columns))
        (in-rows (numbers columns rows)))
    (let loop ()
      (let ((column (entering table)))
        (when column
          (let ((row (leaving table column)))
            (pivot! table row column)
            (swap! in-columns column in-rows row)
            (loop)))))
    (let ((value (matrix-ref table rows columns)))
      (let each ((column 0) (sum 0.))
        (cond ((= column columns)
               (and (< (abs (- sum value)) 1e-6) value))
              ((>= (vector-ref in-columns column) columns)
               (each (+ column 1)
                     (+ sum
                        (* (matrix-ref table rows column)
                           (matrix-ref bounds
                                       (- (vector-ref in-columns column) columns)
                                       columns)))))
              (else (each (+ column 1) sum)))))))

;; How many of the programs are solved.
(define (solve-all times)
  (let loop ((i 1) (count 0))
    (if (> i times)
        count
        (loop (+ i 1) (if (solve (* 97 i)) (+ count 1) count)))))

(define (finish right? result)
  (display "simplex ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (solve-all size)))
  (finish (= result size) result))
