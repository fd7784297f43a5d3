//! The standard libraries of R7RS, and those of the SRFIs that are here whole, as selections of the names of one library that has them all.

use super::environment::{Environment, Exports, Library};
use super::{Host, HostError};
use crate::number::cost::{self, Cost};
use crate::symbol::Symbols;
use crate::syntax::{Datum, Syntax};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The library of this name, selected from a world that has every standard name. `(logos)` is all of that world.
pub fn standard_library(
    name: &Syntax,
    base: &Rc<Environment>,
    symbols: &mut Symbols,
) -> Option<Library> {
    let text = library_name_text(name, symbols)?;
    let exports = match &*text {
        "logos" => Exports::All,
        text => {
            let (_, names) = STANDARD.iter().find(|(known, _)| *known == text)?;
            let mut exports = BTreeMap::new();
            for name in names.split_whitespace() {
                let symbol = symbols.intern(name);
                if base.lookup(symbol).is_some() {
                    exports.insert(symbol, symbol);
                }
            }
            Exports::Names(exports)
        }
    };
    Some(Library {
        environment: base.clone(),
        exports,
        copied: true,
    })
}

/// Whether [`standard_library`] knows a name, given as text.
pub(crate) fn is_standard(text: &str) -> bool {
    text == "logos" || STANDARD.iter().any(|(known, _)| *known == text)
}

/// What it costs to put a library's name into text, and the most bytes of that. It takes time in proportion to the parts of the name.
pub fn library_name_cost(name: &Syntax, symbols: &Symbols) -> Cost {
    let mut whole = Cost { work: 0, bytes: 0 };
    // The name of a file is a text, and one from the network has some.
    let parts = name.as_list().unwrap_or(std::slice::from_ref(name));
    for part in parts {
        let one = match part.datum() {
            Datum::String(text) => text_cost(text),
            Datum::Symbol(symbol) => text_cost(symbols.text(*symbol)),
            Datum::Alias(alias) => text_cost(symbols.text(alias.name)),
            Datum::Number(number) => cost::to_text(number, 10),
            _ => Cost { work: 0, bytes: 0 },
        };
        whole.work = whole.work.saturating_add(one.work).saturating_add(1);
        whole.bytes = whole.bytes.saturating_add(one.bytes).saturating_add(1);
    }
    whole
}

/// The text of a name is copied a few times.
fn text_cost(text: &str) -> Cost {
    Cost {
        work: text.len() as u64 / 2,
        bytes: text.len() as u64,
    }
}

/// The same as [`library_name_text`], paid.
pub(crate) fn library_name_paid(
    name: &Syntax,
    host: &mut dyn Host,
) -> Result<Option<String>, HostError> {
    host.charge(name.as_list().map_or(0, <[Syntax]>::len) as u64)?;
    let cost = library_name_cost(name, host.symbols());
    host.charge(cost.work)?;
    host.charge_memory(cost.bytes)?;
    Ok(library_name_text(name, host.symbols()))
}

/// The names of the standard libraries, as text.
pub(crate) fn standard_names() -> impl Iterator<Item = &'static str> {
    STANDARD.iter().map(|&(name, _)| name).chain(["logos"])
}

/// A library's name, `(scheme base)`, as text, `scheme base`: for tables of libraries.
pub fn library_name_text(name: &Syntax, symbols: &Symbols) -> Option<String> {
    let mut text = String::new();
    for part in name.as_list()? {
        if !text.is_empty() {
            text.push(' ');
        }
        match part.datum() {
            Datum::Symbol(symbol) => text.push_str(symbols.text(*symbol)),
            Datum::Alias(alias) => text.push_str(symbols.text(alias.name)),
            Datum::Number(_) => text.push_str(&super::print_syntax(part, symbols)),
            _ => return None,
        }
    }
    Some(text)
}

/// Every standard library with its names: R7RS, appendix A, and the final SRFIs (called as in SRFI 97).
const STANDARD: &[(&str, &str)] = &[
    (
        "scheme base",
        "* + - ... / < <= = => > >= _ abs and append apply assoc assq assv begin binary-port? boolean=? \
         boolean? bytevector bytevector-append bytevector-copy bytevector-copy! bytevector-length \
         bytevector-u8-ref bytevector-u8-set! bytevector? caar cadr call-with-current-continuation \
         call-with-port call-with-values call/cc car case cdar cddr cdr ceiling char->integer \
         char-ready? char<=? char<? char=? char>=? char>? char? close-input-port close-output-port \
         close-port complex? cond cond-expand cons current-error-port current-input-port \
         current-output-port define define-record-type define-syntax define-values denominator do \
         dynamic-wind else eof-object eof-object? eq? equal? eqv? error error-object-irritants \
         error-object-message error-object? even? exact exact-integer-sqrt exact-integer? exact? \
         expt features file-error? floor floor-quotient floor-remainder floor/ flush-output-port \
         for-each gcd get-output-bytevector get-output-string guard if include include-ci inexact \
         inexact? input-port-open? input-port? integer->char integer? lambda lcm length let let* \
         let*-values let-syntax let-values letrec letrec* letrec-syntax list list->string list->vector \
         list-copy list-ref list-set! list-tail list? make-bytevector make-list make-parameter \
         make-string make-vector map max member memq memv min modulo negative? newline not null? \
         number->string number? numerator odd? open-input-bytevector open-input-string \
         open-output-bytevector open-output-string or output-port-open? output-port? pair? \
         parameterize peek-char peek-u8 port? positive? procedure? quasiquote quote quotient raise \
         raise-continuable rational? rationalize read-bytevector read-bytevector! read-char read-error? \
         read-line read-string read-u8 real? remainder reverse round set! set-car! set-cdr! square \
         string string->list string->number string->symbol string->utf8 string->vector string-append \
         string-copy string-copy! string-fill! string-for-each string-length string-map string-ref \
         string-set! string<=? string<? string=? string>=? string>? string? substring symbol->string \
         symbol=? symbol? syntax-error syntax-rules textual-port? truncate truncate-quotient \
         truncate-remainder truncate/ u8-ready? unless unquote unquote-splicing utf8->string values \
         vector vector->list vector->string vector-append vector-copy vector-copy! vector-fill! \
         vector-for-each vector-length vector-map vector-ref vector-set! vector? when \
         with-exception-handler write-bytevector write-char write-string write-u8 zero?",
    ),
    ("scheme case-lambda", "case-lambda"),
    (
        "scheme char",
        "char-alphabetic? char-ci<=? char-ci<? char-ci=? char-ci>=? char-ci>? char-downcase \
         char-foldcase char-lower-case? char-numeric? char-upcase char-upper-case? char-whitespace? \
         digit-value string-ci<=? string-ci<? string-ci=? string-ci>=? string-ci>? string-downcase \
         string-foldcase string-upcase",
    ),
    (
        "scheme complex",
        "angle imag-part magnitude make-polar make-rectangular real-part",
    ),
    (
        "scheme cxr",
        "caaaar caaadr caaar caadar caaddr caadr cadaar cadadr cadar caddar cadddr caddr cdaaar \
         cdaadr cdaar cdadar cdaddr cdadr cddaar cddadr cddar cdddar cddddr cdddr",
    ),
    ("scheme eval", "environment eval"),
    (
        "scheme file",
        "call-with-input-file call-with-output-file delete-file file-exists? open-binary-input-file \
         open-binary-output-file open-input-file open-output-file with-input-from-file \
         with-output-to-file",
    ),
    (
        "scheme inexact",
        "acos asin atan cos exp finite? infinite? log nan? sin sqrt tan",
    ),
    (
        "scheme lazy",
        "delay delay-force force make-promise promise?",
    ),
    ("scheme load", "load"),
    (
        "scheme process-context",
        "command-line emergency-exit exit get-environment-variable get-environment-variables",
    ),
    ("scheme read", "read"),
    ("scheme repl", "interaction-environment"),
    (
        "scheme time",
        "current-jiffy current-second jiffies-per-second",
    ),
    ("scheme write", "display write write-shared write-simple"),
    (
        "scheme r5rs",
        "* + - ... / < <= = => > >= _ abs acos and angle append apply asin assoc assq assv atan begin \
         boolean? caaaar caaadr caaar caadar caaddr caadr caar cadaar cadadr cadar caddar cadddr \
         caddr cadr call-with-current-continuation call-with-input-file call-with-output-file \
         call-with-values car case cdaaar cdaadr cdaar cdadar cdaddr cdadr cdar cddaar cddadr cddar \
         cdddar cddddr cdddr cddr cdr ceiling char->integer char-alphabetic? char-ci<=? char-ci<? \
         char-ci=? char-ci>=? char-ci>? char-downcase char-lower-case? char-numeric? char-ready? \
         char-upcase char-upper-case? char-whitespace? char<=? char<? char=? char>=? char>? char? \
         close-input-port close-output-port complex? cond cons cos current-input-port \
         current-output-port define define-syntax delay denominator display do dynamic-wind else \
         eof-object? eq? equal? eqv? eval even? exact->inexact exact? exp expt floor for-each force \
         gcd if imag-part inexact->exact inexact? input-port? integer->char integer? \
         interaction-environment lambda lcm length let let* let-syntax letrec letrec-syntax list \
         list->string list->vector list-ref list-tail list? load log magnitude make-polar \
         make-rectangular make-string make-vector map max member memq memv min modulo negative? \
         newline not null-environment null? number->string number? numerator odd? open-input-file \
         open-output-file or output-port? pair? peek-char positive? procedure? quasiquote quote \
         quotient rational? rationalize read read-char real-part real? remainder reverse round \
         scheme-report-environment set! set-car! set-cdr! sin sqrt string string->list \
         string->number string->symbol string-append string-ci<=? string-ci<? string-ci=? \
         string-ci>=? string-ci>? string-copy string-fill! string-length string-ref string-set! \
         string<=? string<? string=? string>=? string>? string? substring symbol->string symbol? \
         syntax-rules tan truncate unquote unquote-splicing values vector vector->list vector-fill! \
         vector-length vector-ref vector-set! vector? with-input-from-file with-output-to-file write \
         write-char zero?",
    ),
    (
        "srfi 1",
        "alist-cons alist-copy alist-delete alist-delete! any append append! append-map append-map! \
         append-reverse append-reverse! assoc assq assv break break! caaaar caaadr caaar caadar caaddr \
         caadr caar cadaar cadadr cadar caddar cadddr caddr cadr car car+cdr cdaaar cdaadr cdaar cdadar \
         cdaddr cdadr cdar cddaar cddadr cddar cdddar cddddr cdddr cddr cdr circular-list circular-list? \
         concatenate concatenate! cons cons* count delete delete! delete-duplicates delete-duplicates! \
         dotted-list? drop drop-right drop-right! drop-while eighth every fifth filter filter! \
         filter-map find find-tail first fold fold-right for-each fourth iota last last-pair length \
         length+ list list-copy list-index list-ref list-tabulate list= lset-adjoin \
         lset-diff+intersection lset-diff+intersection! lset-difference lset-difference! \
         lset-intersection lset-intersection! lset-union lset-union! lset-xor lset-xor! lset<= lset= \
         make-list map map! map-in-order member memq memv ninth not-pair? null-list? null? pair-fold \
         pair-fold-right pair-for-each pair? partition partition! proper-list? reduce reduce-right \
         remove remove! reverse reverse! second set-car! set-cdr! seventh sixth span span! split-at \
         split-at! take take! take-right take-while take-while! tenth third unfold unfold-right unzip1 \
         unzip2 unzip3 unzip4 unzip5 xcons zip",
    ),
    (
        "srfi 6",
        "get-output-string open-input-string open-output-string",
    ),
    ("srfi 8", "receive"),
    ("srfi 9", "define-record-type"),
    ("srfi 11", "let*-values let-values"),
    // Here `string-map` and `string-for-each` take several strings, as in R7RS; sets of characters are procedures.
    (
        "srfi 13",
        "list->string make-string reverse-list->string string string->list string-any string-append \
         string-append/shared string-ci< string-ci<= string-ci<> string-ci= string-ci> string-ci>= \
         string-compare string-compare-ci string-concatenate string-concatenate-reverse \
         string-concatenate-reverse/shared string-concatenate/shared string-contains string-contains-ci \
         string-copy string-copy! string-count string-delete string-downcase string-downcase! string-drop \
         string-drop-right string-every string-fill! string-filter string-fold string-fold-right \
         string-for-each string-for-each-index string-hash string-hash-ci string-index string-index-right \
         string-join string-length string-map string-map! string-null? string-pad string-pad-right \
         string-prefix-ci? string-prefix-length string-prefix-length-ci string-prefix? string-ref \
         string-replace string-reverse string-reverse! string-set! string-skip string-skip-right \
         string-suffix-ci? string-suffix-length string-suffix-length-ci string-suffix? string-tabulate \
         string-take string-take-right string-titlecase string-titlecase! string-tokenize string-trim \
         string-trim-both string-trim-right string-unfold string-unfold-right string-upcase \
         string-upcase! string-xcopy! string< string<= string<> string= string> string>= string? \
         substring/shared xsubstring",
    ),
    ("srfi 16", "case-lambda"),
    ("srfi 23", "error"),
    ("srfi 34", "guard raise with-exception-handler"),
    ("srfi 39", "make-parameter parameterize"),
    (
        "srfi 69",
        "alist->hash-table hash hash-by-identity hash-table->alist hash-table-copy hash-table-delete! \
         hash-table-equivalence-function hash-table-exists? hash-table-fold hash-table-hash-function \
         hash-table-keys hash-table-merge! hash-table-ref hash-table-ref/default hash-table-set! \
         hash-table-size hash-table-update! hash-table-update!/default hash-table-values hash-table-walk \
         hash-table? make-hash-table string-ci-hash string-hash",
    ),
    (
        "srfi 98",
        "get-environment-variable get-environment-variables",
    ),
];
