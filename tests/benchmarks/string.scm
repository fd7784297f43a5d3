;;; string: a string that grows by being joined with itself and cut: copying of characters.
(import (scheme base) (scheme write) (scheme process-context))

(define size 500000) ; tests: 500

(define (grown text)
  (string-append "123" text "456" text "789"))

;; The halves change places, and share the character in the middle.
(define (swapped text)
  (let* ((length (string-length text)) (middle (quotient length 2)))
    (string-append (substring text middle length)
                   (substring text 0 (+ middle 1)))))

(define (grow-beyond limit)
  (let loop ((text "abcdef"))
    (if (> (string-length text) limit)
        text
        (loop (swapped (grown text))))))

(define (count-of char text)
  (let ((length (string-length text)))
    (do ((i 0 (+ i 1))
         (count 0 (if (char=? (string-ref text i) char) (+ count 1) count)))
        ((= i length) count))))

(define (lengths times limit)
  (let loop ((left times) (total 0))
    (if (= left 0)
        total
        (let ((text (grow-beyond limit)))
          (loop (- left 1) (+ total (string-length text) (count-of #\a text)))))))

(define (known limit)
  (let ((entry (assv limit '((500 . 5340) (500000 . 5570460)))))
    (and entry (cdr entry))))

(define (finish right? result)
  (display "string ")
  (if right? (display "ok") (write result))
  (newline)
  (unless right? (exit 1)))

(let ((result (lengths 10 size)))
  (finish (eqv? result (known size)) result))
