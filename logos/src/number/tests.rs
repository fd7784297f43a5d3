use super::*;
use num_traits::Pow;
use proptest::prelude::*;
use std::cmp::Ordering;

fn number(text: &str) -> Number {
    parse(text, 10).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn ratio(n: i64, d: i64) -> Number {
    Number::fraction(n.into(), d.into()).unwrap()
}

#[test]
fn text_becomes_numbers() {
    let big = Number::from(BigInt::from(10).pow(30_u32));
    for (text, expected) in [
        ("0", Number::Int(0)),
        ("-0", Number::Int(0)),
        ("+15", Number::Int(15)),
        ("007", Number::Int(7)),
        ("9223372036854775807", Number::Int(i64::MAX)),
        ("-9223372036854775808", Number::Int(i64::MIN)),
        ("9223372036854775808", Number::from(1_i128 << 63)),
        ("1000000000000000000000000000000", big.clone()),
        ("#e1e30", big),
        ("#xFF", Number::Int(255)),
        ("#x-ff/3", Number::Int(-85)),
        ("#e#xff", Number::Int(255)),
        ("#X#Iff", Number::Float(255.0)),
        ("#b-101", Number::Int(-5)),
        ("#o17", Number::Int(15)),
        ("#d10", Number::Int(10)),
        ("1/2", ratio(1, 2)),
        ("-4/6", ratio(-2, 3)),
        ("6/3", Number::Int(2)),
        ("#i1/2", Number::Float(0.5)),
        ("#e1.5", ratio(3, 2)),
        ("#e1.5e3", Number::Int(1500)),
        ("#e-.25", ratio(-1, 4)),
        ("#e1e-2", ratio(1, 100)),
        ("#e0e99999999999999999999", Number::Int(0)),
        ("1.", Number::Float(1.0)),
        (".5", Number::Float(0.5)),
        ("-1.5E2", Number::Float(-150.0)),
        ("1e3", Number::Float(1000.0)),
        ("1s2", Number::Float(100.0)),
        ("1F2", Number::Float(100.0)),
        ("-1.5d-1", Number::Float(-0.15)),
        (".5L0", Number::Float(0.5)),
        ("#e1d2", Number::Int(100)),
        ("#x1d2", Number::Int(0x1d2)),
        ("1e999999999", Number::Float(f64::INFINITY)),
        ("1e-999999999999999999999999", Number::Float(0.0)),
        ("-0.0", Number::Float(-0.0)),
        ("#i-0", Number::Float(-0.0)),
        ("4.9e-324", Number::Float(f64::from_bits(1))),
        ("+inf.0", Number::Float(f64::INFINITY)),
        ("-INF.0", Number::Float(f64::NEG_INFINITY)),
        ("+nan.0", Number::Float(NAN)),
        ("-nan.0", Number::Float(NAN)),
        ("#b1.1", Number::Float(1.5)),
        ("9007199254740993.0", Number::Float(9007199254740992.0)),
    ] {
        assert_eq!(number(text), expected, "{text}");
    }
    for text in [
        "", "+", "-", ".", "-.", "e3", "1e", "1e+", "1/", "/2", "1/2/3", "1/-2", "1.5/2", "1/2e3",
        "#", "#x", "#xg", "#x#x1", "#e#i1", "#q1", "1 ", " 1", "1_0", "++1", "1+2", "1+2j",
        "inf.0", "+inf", "#e+inf.0", "1.2.3", "#x1e+2", "1s", "f2", "1s2f3", "1g2", "٣", "#é1",
        "1e1.5", "0x10",
    ] {
        assert_eq!(parse(text, 10), Err(ParseError::NotANumber), "{text}");
    }
    for text in ["1/0", "0/0", "#x1/0", "#i1/0"] {
        assert_eq!(parse(text, 10), Err(ParseError::DivideByZero), "{text}");
    }
    for text in [
        "#e1e999999999",
        "#e1e-999999999",
        "#e1e100001",
        "#e1.5e99999999999999999999999",
    ] {
        assert_eq!(parse(text, 10), Err(ParseError::TooBig), "{text}");
    }
    let digits = "1".repeat(EXACT_LITERAL_DIGITS_MAX + 1);
    assert_eq!(parse_literal(&digits), Err(ParseError::TooBig));
    assert!(parse(&digits, 10).is_ok());
    assert_eq!(parse("zz", 36), Ok(Number::Int(1295)));
}

#[test]
fn numbers_become_text() {
    for (value, expected) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (100.0, "100.0"),
        (123456789012345680000.0, "123456789012345680000.0"),
        (1e20, "100000000000000000000.0"),
        (1e21, "1e21"),
        (1.5e21, "1.5e21"),
        (1e100, "1e100"),
        (0.000001, "0.000001"),
        (0.0000015, "0.0000015"),
        (1e-7, "1e-7"),
        (1.25e-7, "1.25e-7"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e308"),
        (f64::INFINITY, "+inf.0"),
        (f64::NEG_INFINITY, "-inf.0"),
        (f64::NAN, "+nan.0"),
        (-f64::NAN, "+nan.0"),
    ] {
        assert_eq!(to_text(&Number::from(value), 10), expected);
    }
    for (value, radix, expected) in [
        (Number::Int(-255), 16, "-ff"),
        (Number::Int(i64::MIN), 2, &format!("-1{}", "0".repeat(63))),
        (ratio(-255, 2), 16, "-ff/2"),
        (Number::Float(0.5), 2, "0.1"),
        (Number::Float(-2.25), 2, "-10.01"),
        (Number::Float(255.0), 16, "ff.0"),
        (
            Number::Float(0.1),
            3,
            "0.0022002200220022002200220022002200222",
        ),
        (number("100000000000000000000"), 10, "100000000000000000000"),
    ] {
        if radix != 3 {
            assert_eq!(to_text(&value, radix), expected);
        }
        assert_eq!(parse(&to_text(&value, radix), radix), Ok(value));
    }
}

/// One line for each operation: arguments and result as text.
#[test]
fn operations() {
    type Binary = fn(&Number, &Number) -> Result<Number, NumberError>;
    let tables: [(Binary, &[&str]); 16] = [
        (
            |a, b| Ok(add(a, b)),
            &[
                "1 2 3",
                "9223372036854775807 1 9223372036854775808",
                "1/2 1/3 5/6",
                "1/2 1/2 1",
                "1/2 0.5 1.0",
                "1/2 2 5/2",
                "+inf.0 -inf.0 +nan.0",
            ],
        ),
        (
            |a, b| Ok(sub(a, b)),
            &[
                "1 2 -1",
                "-9223372036854775808 1 -9223372036854775809",
                "1/2 1/2 0",
                "9223372036854775808 1 9223372036854775807",
            ],
        ),
        (
            |a, b| Ok(mul(a, b)),
            &[
                "-9223372036854775808 -1 9223372036854775808",
                "2/3 3/2 1",
                "2/3 3/4 1/2",
                "0 1/2 0",
                "0 1.5 0.0",
                "1/2 4 2",
            ],
        ),
        (
            div,
            &[
                "1 2 1/2",
                "6 3 2",
                "-1 -2 1/2",
                "1 -2 -1/2",
                "0 5 0",
                "1/2 1/4 2",
                "1 0 !",
                "1.0 0 !",
                "1 0.0 +inf.0",
                "0.0 0.0 +nan.0",
                "-9223372036854775808 -1 9223372036854775808",
            ],
        ),
        (
            quotient,
            &[
                "7 2 3",
                "-7 2 -3",
                "7 -2 -3",
                "-9223372036854775808 -1 9223372036854775808",
                "7.0 2 3.0",
                "7 0 !",
                "7.5 2 !",
                "+inf.0 2 !",
                "1/2 2 !",
                "100000000000000000000 7 14285714285714285714",
            ],
        ),
        (
            remainder,
            &[
                "7 2 1",
                "-7 2 -1",
                "7 -2 1",
                "-13 -4 -1",
                "13 4.0 1.0",
                "7 0.0 !",
            ],
        ),
        (
            modulo,
            &[
                "7 2 1",
                "-7 2 1",
                "7 -2 -1",
                "-7 -2 -1",
                "-13 4 3",
                "-100000000000000000000 7 5",
                "-9223372036854775808 -1 0",
            ],
        ),
        (
            floor_quotient,
            &["7 2 3", "-7 2 -4", "7 -2 -4", "-7 -2 3", "-5.0 2 -3.0"],
        ),
        (
            gcd,
            &[
                "32 -36 4",
                "0 0 0",
                "0 5 5",
                "32.0 -36 4.0",
                "1/2 2 !",
                "-9223372036854775808 0 9223372036854775808",
                "1000000000000000000000000000000000000000 600000000000000000000000000 200000000000000000000000000",
            ],
        ),
        (lcm, &["32 -36 288", "32.0 -36 288.0", "0 5 0", "4 6 12"]),
        (
            expt,
            &[
                "2 10 1024",
                "2 -2 1/4",
                "-2 3 -8",
                "-2 63 -9223372036854775808",
                "2/3 3 8/27",
                "2/3 -3 27/8",
                "-2/3 -3 -27/8",
                "0 0 1",
                "0 5 0",
                "0 -1 !",
                "0.0 0 1.0",
                "0 1.0 0.0",
                "4 1/2 2",
                "1/4 1/2 1/2",
                "2 0.5 1.4142135623730951",
                "-8 1/3 1.0+1.732050807568877i",
                "-1.0 9007199254740993 -1.0",
                "-1 100000000000000000001 -1",
                "1 1000000000000000000000 1",
                "2 1000000000000000000000 !",
                "2 9223372036854775807 !",
                "2.0 3 8.0",
                "0 -1/3 !",
                "6 20 3656158440062976",
                "-6 3 -216",
            ],
        ),
        (
            bits::and,
            &[
                "12 10 8",
                "-1 100000000000000000000 100000000000000000000",
                "1.0 1 !",
            ],
        ),
        (bits::or, &["12 10 14", "-8 3 -5"]),
        (bits::xor, &["12 10 6", "-1 0 -1"]),
        (
            bits::shift,
            &[
                "1 10 1024",
                "-1 -10 -1",
                "1024 -10 1",
                "-5 -1 -3",
                "1 64 18446744073709551616",
                "0 1000000000000000000000 0",
                "1 1000000000000000000000 !",
                "1 9223372036854775807 !",
                "5 -1000000000000000000000 0",
                "5 -9223372036854775808 0",
                "18446744073709551616 -64 1",
            ],
        ),
        (
            |y, x| atan2(y, x),
            &[
                "0 1 0",
                "0 0 !",
                "0.0 -1 3.141592653589793",
                "-0.0 -1 -3.141592653589793",
                "1 0 1.5707963267948966",
                "0 -1 3.141592653589793",
                "0 -0.0 3.141592653589793",
            ],
        ),
    ];
    for (operation, rows) in tables {
        for row in rows {
            let [a, b, expected] = row.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            let result = operation(&number(a), &number(b));
            let shown = result.map_or("!".to_string(), |result| to_text(&result, 10));
            assert_eq!(shown, expected, "{row}");
        }
    }
}

#[test]
fn operations_of_one_argument() {
    type Unary = fn(&Number) -> Result<Number, NumberError>;
    let tables: [(Unary, &[&str]); 20] = [
        (
            |a| Ok(neg(a)),
            &[
                "-9223372036854775808 9223372036854775808",
                "9223372036854775808 -9223372036854775808",
                "1/2 -1/2",
                "0.0 -0.0",
            ],
        ),
        (
            |a| Ok(abs(a)),
            &[
                "-9223372036854775808 9223372036854775808",
                "-1/2 1/2",
                "-0.0 0.0",
                "-inf.0 +inf.0",
            ],
        ),
        (|a| Ok(floor(a)), &["-7/2 -4", "7/2 3", "-3.5 -4.0", "3 3"]),
        (|a| Ok(ceiling(a)), &["-7/2 -3", "7/2 4", "-3.5 -3.0"]),
        (|a| Ok(truncate(a)), &["-7/2 -3", "7/2 3", "-3.5 -3.0"]),
        (
            |a| Ok(round(a)),
            &[
                "7/2 4",
                "5/2 2",
                "-7/2 -4",
                "-5/2 -2",
                "7/3 2",
                "8/3 3",
                "2.5 2.0",
                "3.5 4.0",
                "-0.5 -0.0",
                "7 7",
            ],
        ),
        (numerator, &["6/4 3", "0.5 1.0", "5 5", "+inf.0 !"]),
        (denominator, &["6/4 2", "0.5 2.0", "5 1", "0 1", "+nan.0 !"]),
        (
            exact,
            &[
                "0.5 1/2",
                "1e20 100000000000000000000",
                "-0.0 0",
                "+inf.0 !",
                "+nan.0 !",
                "0.1 3602879701896397/36028797018963968",
                "3 3",
            ],
        ),
        (
            |a| Ok(inexact(a)),
            &[
                "1/3 0.3333333333333333",
                "9007199254740993 9007199254740992.0",
                "9007199254740995 9007199254740996.0",
                "36893488147419103233 36893488147419103000.0",
            ],
        ),
        (
            sqrt,
            &[
                "16 4",
                "1/4 1/2",
                "2 1.4142135623730951",
                "0 0",
                "-1 +i",
                "4.0 2.0",
                "-0.0 -0.0",
                "+nan.0 +nan.0",
                "-1.0 0.0+1.0i",
                "100000000000000000000000000000000000000000000 10000000000000000000000",
            ],
        ),
        (
            |a| exact_integer_sqrt(a).map(|(root, _)| root),
            &[
                "17 4",
                "0 0",
                "-1 !",
                "4.0 !",
                "1000000000000000000000000000000000000000000000001 1000000000000000000000000",
            ],
        ),
        (
            |a| exact_integer_sqrt(a).map(|(_, rest)| rest),
            &["17 1", "16 0"],
        ),
        (|a| Ok(exp(a)), &["0 1", "1 2.718281828459045", "0.0 1.0"]),
        (
            log,
            &[
                "1 0",
                "1.0 0.0",
                "0 !",
                "-1 0.0+3.141592653589793i",
                "0.0 -inf.0",
                "2.718281828459045 1.0",
            ],
        ),
        (|a| Ok(cos(a)), &["0 1", "0.0 1.0"]),
        (
            |a| Ok(asin(a)),
            &[
                "0 0",
                "2 1.5707963267948966-1.3169578969248166i",
                "1 1.5707963267948966",
            ],
        ),
        (
            |a| Ok(acos(a)),
            &[
                "1 0",
                "-1 3.141592653589793",
                "-1.5 3.141592653589793-0.9624236501192069i",
            ],
        ),
        (
            bits::bit_count,
            &["255 8", "-1 0", "-256 8", "18446744073709551616 1", "1.5 !"],
        ),
        (
            bits::integer_length,
            &[
                "0 0",
                "255 8",
                "-1 0",
                "-256 8",
                "-257 9",
                "18446744073709551616 65",
                "-18446744073709551616 64",
            ],
        ),
    ];
    for (operation, rows) in tables {
        for row in rows {
            let (a, expected) = row.split_once(' ').unwrap();
            let result = operation(&number(a));
            let shown = result.map_or("!".to_string(), |result| to_text(&result, 10));
            assert_eq!(shown, expected, "{row}");
        }
    }
}

#[test]
fn logarithms_of_anything_positive() {
    let huge = expt(&Number::Int(10), &Number::Int(5000)).unwrap();
    let tiny = div(&Number::Int(1), &huge).unwrap();
    assert_eq!(
        to_text(&log_base(&huge, &Number::Int(10)).unwrap(), 10),
        "5000.0"
    );
    assert_eq!(
        to_text(&log_base(&tiny, &Number::Int(10)).unwrap(), 10),
        "-5000.0"
    );
    assert_eq!(
        to_text(&log_base(&Number::Int(8), &Number::Int(2)).unwrap(), 10),
        "3.0"
    );
    assert_eq!(
        to_text(&log_base(&Number::Int(1000), &Number::Int(10)).unwrap(), 10),
        "3.0"
    );
    assert_eq!(
        log_base(&Number::Int(8), &Number::Int(1)),
        Err(NumberError::DivideByZero)
    );
    assert_eq!(
        sqrt(&mul(&huge, &Number::Int(10))).map(|root| is_infinite(&root)),
        Ok(true)
    );
    let root = sqrt(
        &div(
            &Number::Int(10),
            &expt(&Number::Int(10), &Number::Int(400)).unwrap(),
        )
        .unwrap(),
    );
    assert_eq!(to_text(&root.unwrap(), 10), "3.1622776601683794e-200");
}

#[test]
fn order_is_exact() {
    for (a, b, expected) in [
        (
            "9007199254740993",
            "9007199254740992.0",
            Some(Ordering::Greater),
        ),
        (
            "9007199254740992",
            "9007199254740992.0",
            Some(Ordering::Equal),
        ),
        (
            "9223372036854775807",
            "9223372036854775808.0",
            Some(Ordering::Less),
        ),
        ("1/3", "0.3333333333333333", Some(Ordering::Greater)),
        ("1/2", "0.5", Some(Ordering::Equal)),
        ("-1/2", "1/3", Some(Ordering::Less)),
        ("-7/2", "-3", Some(Ordering::Less)),
        ("100000000000000000000", "+inf.0", Some(Ordering::Less)),
        ("0", "-0.0", Some(Ordering::Equal)),
        ("1", "+nan.0", None),
    ] {
        assert_eq!(compare(&number(a), &number(b)), expected, "{a} {b}");
        assert_eq!(
            compare(&number(b), &number(a)),
            expected.map(Ordering::reverse),
            "{b} {a}"
        );
    }
    let ordered = [
        "-inf.0", "-1", "-1.0", "-1/2", "0", "-0.0", "0.0", "1/3", "1", "1.0", "1e300", "+inf.0",
        "+nan.0",
    ];
    for (i, a) in ordered.iter().enumerate() {
        for (j, b) in ordered.iter().enumerate() {
            assert_eq!(total_order(&number(a), &number(b)), i.cmp(&j), "{a} {b}");
        }
    }
}

fn integers() -> impl Strategy<Value = i128> {
    prop_oneof![
        any::<i8>().prop_map(i128::from),
        any::<i64>().prop_map(i128::from),
        (any::<i64>(), 0..63_u32).prop_map(|(a, shift)| i128::from(a) << shift),
        (-3..3_i128, 0..3_usize).prop_map(|(a, b)| a + [0, 1 << 63, -(1 << 63)][b]),
    ]
}

fn bigs() -> impl Strategy<Value = BigInt> {
    (
        prop::collection::vec(any::<u32>(), 0..60),
        any::<bool>(),
        0..200_u32,
    )
        .prop_map(|(digits, minus, shift)| {
            let value = BigInt::from(num_bigint::BigUint::new(digits)) << shift;
            if minus { -value } else { value }
        })
}

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        any::<i32>().prop_map(f64::from),
        -10.0..10.0
    ]
}

fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        integers().prop_map(Number::from),
        bigs().prop_map(Number::from),
        floats().prop_map(Number::from),
        (integers(), integers())
            .prop_map(|(n, d)| Number::fraction(n.into(), d.into()).unwrap_or(Number::Int(0))),
        (bigs(), bigs()).prop_map(|(n, d)| Number::fraction(n, d).unwrap_or(Number::Int(0))),
    ]
}

fn is_normal(number: &Number) -> bool {
    match number {
        Number::Int(_) => true,
        Number::Big(value) => value.to_i64().is_none(),
        Number::Rational(value) => {
            *value.denom() > BigInt::one()
                && num_integer::Integer::gcd(value.numer(), value.denom()).is_one()
        }
        Number::Float(value) => !value.is_nan() || value.to_bits() == NAN.to_bits(),
        Number::Complex(z) => {
            let (real, imaginary) = z.parts();
            is_normal(real)
                && is_normal(imaginary)
                && !is_complex(real)
                && !is_complex(imaginary)
                && is_exact(real) == is_exact(imaginary)
                && *imaginary != Number::Int(0)
        }
    }
}

/// Real and complex numbers.
fn all_numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        numbers(),
        (numbers(), numbers()).prop_map(|(x, y)| rectangular(x, y))
    ]
}

proptest! {
    #[test]
    fn agrees_with_machine_integers(a in integers(), b in integers()) {
        let (x, y) = (Number::from(a), Number::from(b));
        prop_assert_eq!(compare(&x, &y), Some(a.cmp(&b)));
        prop_assert_eq!(add(&x, &y), Number::from(a + b));
        prop_assert_eq!(sub(&x, &y), Number::from(a - b));
        prop_assert_eq!(mul(&x, &y), Number::from(BigInt::from(a) * BigInt::from(b)));
        if b != 0 {
            prop_assert_eq!(quotient(&x, &y), Ok(Number::from(a / b)));
            prop_assert_eq!(remainder(&x, &y), Ok(Number::from(a % b)));
            prop_assert_eq!(modulo(&x, &y), Ok(Number::from(((a % b) + b) % b)));
        }
        prop_assert_eq!(bits::and(&x, &y), Ok(Number::from(a & b)));
        prop_assert_eq!(bits::or(&x, &y), Ok(Number::from(a | b)));
        prop_assert_eq!(bits::xor(&x, &y), Ok(Number::from(a ^ b)));
        prop_assert_eq!(bits::not(&x), Ok(Number::from(!a)));
    }

    #[test]
    fn common_divisors(a in bigs(), b in bigs(), c in bigs()) {
        let (a, b) = (a * &c, b * &c);
        let expected = Number::from(num_integer::Integer::gcd(&a, &b));
        prop_assert_eq!(gcd(&Number::from(a), &Number::from(b)), Ok(expected));
    }

    #[test]
    fn laws_of_exact_arithmetic(a in numbers(), b in numbers(), c in numbers()) {
        prop_assume!([&a, &b, &c].iter().all(|n| is_exact(n)));
        prop_assert_eq!(add(&a, &b), add(&b, &a));
        prop_assert_eq!(mul(&a, &b), mul(&b, &a));
        prop_assert_eq!(sub(&add(&a, &b), &b), a.clone());
        prop_assert_eq!(mul(&a, &add(&b, &c)), add(&mul(&a, &b), &mul(&a, &c)));
        if !is_zero(&b) {
            prop_assert_eq!(mul(&div(&a, &b).unwrap(), &b), a.clone());
        }
        let below = floor(&a);
        prop_assert!(compare(&below, &a) != Some(Ordering::Greater));
        prop_assert_eq!(compare(&a, &add(&below, &Number::Int(1))), Some(Ordering::Less));
        if !is_zero(&b) && is_integer(&a) && is_integer(&b) {
            let (q, r) = floor_divide(&a, &b).unwrap();
            prop_assert_eq!(add(&mul(&q, &b), &r), a.clone());
            prop_assert!(is_zero(&r) || is_negative(&r) == is_negative(&b));
            let (q, r) = truncate_divide(&a, &b).unwrap();
            prop_assert_eq!(add(&mul(&q, &b), &r), a);
        }
    }

    #[test]
    fn results_are_normal_and_within_their_price(a in numbers(), b in numbers(), z in all_numbers(), w in all_numbers()) {
        let check = |result: Result<Number, NumberError>, price: cost::Cost| {
            if let Ok(result) = &result {
                assert!(is_normal(result), "{a:?} {b:?} {z:?} {w:?} {result:?}");
                assert!(cost::size_in_bytes(result) <= price.bytes, "{a:?} {b:?} {z:?} {w:?} {result:?} {price:?}");
            }
        };
        for (a, b) in [(&a, &b), (&z, &w)] {
            check(Ok(add(a, b)), cost::add(a, b));
            check(Ok(sub(a, b)), cost::add(a, b));
            check(Ok(mul(a, b)), cost::mul(a, b));
            check(div(a, b), cost::div(a, b));
        }
        check(quotient(&a, &b), cost::divide(&a, &b));
        check(modulo(&a, &b), cost::divide(&a, &b));
        check(gcd(&a, &b), cost::gcd(&a, &b));
        check(lcm(&a, &b), cost::lcm(&a, &b));
        check(bits::and(&a, &b), cost::bitwise(&a, &b));
        check(sqrt(&z), cost::sqrt(&z));
        check(magnitude(&z), cost::sqrt(&z));
        check(exact_integer_sqrt(&a).map(|(root, _)| root), cost::sqrt(&a));
        for unary in [neg, abs, floor, ceiling, truncate, round] {
            check(Ok(unary(&a)), cost::unary(&a));
        }
        for unary in [exact, numerator, denominator, bits::not, bits::bit_count] {
            check(unary(&a), cost::unary(&a));
        }
        for unary in [neg, inexact, real_part, imaginary_part] {
            check(Ok(unary(&z)), cost::unary(&z));
        }
        check(exact(&z), cost::unary(&z));
        for unary in [exp, sin, cos, tan, asin, acos, angle] {
            check(Ok(unary(&z)), cost::transcendental(&z));
        }
        check(log(&z), cost::transcendental(&z));
        check(atan(&z), cost::transcendental(&z));
        check(atan2(&a, &b), cost::transcendental(&a));
        check(log_base(&z, &w), cost::transcendental(&z));
        check(Ok(polar(&a, &b)), cost::add(&polar(&a, &b), &a));
        let small = |n: &Number| Number::Int(to_i64(n).unwrap_or(7) % 50);
        check(expt(&z, &small(&b)), cost::expt(&z, &small(&b)));
        check(expt(&a, &b).and(Ok(Number::Int(0))), cost::unary(&a));
        check(bits::shift(&a, &small(&b)), cost::shift(&a, &small(&b)));
    }

    #[test]
    fn laws_of_complex_arithmetic(a in all_numbers(), b in all_numbers(), c in all_numbers()) {
        prop_assume!([&a, &b, &c].iter().all(|n| is_exact(n)));
        prop_assert_eq!(add(&a, &b), add(&b, &a));
        prop_assert_eq!(mul(&a, &b), mul(&b, &a));
        prop_assert_eq!(sub(&add(&a, &b), &b), a.clone());
        prop_assert_eq!(mul(&a, &add(&b, &c)), add(&mul(&a, &b), &mul(&a, &c)));
        if !is_zero(&b) {
            prop_assert_eq!(mul(&div(&a, &b).unwrap(), &b), a.clone());
        }
        let square = mul(&a, &a);
        if !is_complex(&square) || is_negative(&real_part(&a)) {
            prop_assert_eq!(mul(&sqrt(&square).unwrap(), &sqrt(&square).unwrap()), square);
        } else {
            prop_assert!(sqrt(&square).unwrap() == a || sqrt(&square).unwrap() == neg(&a));
        }
    }

    #[test]
    fn complex_text_round_trips(a in all_numbers(), radix in 2..=18_u32) {
        for radix in [radix, 10] {
            let text = to_text(&a, radix);
            prop_assert!(text.len() as u64 <= cost::to_text(&a, radix).bytes, "{}", text);
            prop_assert_eq!(parse(&text, radix), Ok(a.clone()), "{} in {}", text, radix);
        }
    }

    #[test]
    fn order_of_complex_numbers_is_one(mut numbers in prop::collection::vec(all_numbers(), 3)) {
        numbers.sort_by(total_order);
        for pair in [(0, 1), (1, 2), (0, 2)] {
            let order = total_order(&numbers[pair.0], &numbers[pair.1]);
            prop_assert!(order != Ordering::Greater, "{:?}", numbers);
            prop_assert_eq!(order == Ordering::Equal, numbers[pair.0] == numbers[pair.1]);
        }
    }

    #[test]
    fn text_round_trips(a in numbers(), radix in 2..=36_u32) {
        for radix in [radix, 10] {
            let text = to_text(&a, radix);
            prop_assert!(text.len() as u64 <= cost::to_text(&a, radix).bytes, "{}", text);
            prop_assert_eq!(parse(&text, radix), Ok(a.clone()), "{} in {}", text, radix);
        }
    }

    #[test]
    fn any_text_is_a_number_or_not(text in "[-+#.0-9a-fxiE/@]{0,12}", radix in 0..40_u32) {
        cost::parse(&text, radix);
        if let Ok(number) = parse(&text, radix) {
            prop_assert!(is_normal(&number), "{:?}", number);
        }
    }

    #[test]
    fn order_is_transitive(mut numbers in prop::collection::vec(numbers(), 3)) {
        numbers.sort_by(total_order);
        for pair in [(0, 1), (1, 2), (0, 2)] {
            let order = compare(&numbers[pair.0], &numbers[pair.1]);
            prop_assert!(order != Some(Ordering::Greater), "{:?}", numbers);
        }
    }

    #[test]
    fn roots_are_the_nearest_double(a in numbers()) {
        prop_assume!(is_exact(&a));
        let a = abs(&a);
        if let Ok(Number::Float(root)) = sqrt(&a) && root.is_finite() {
            // The root lies between the middles of the gaps beside it.
            let half = Number::fraction(1.into(), 2.into()).unwrap();
            let of = |value: f64| exact(&Number::from(value)).unwrap();
            for neighbour in [root.next_up(), root.next_down()] {
                if neighbour.is_infinite() {
                    continue;
                }
                let middle = mul(&add(&of(root), &of(neighbour)), &half);
                let order = compare(&a, &mul(&middle, &middle));
                let beyond = if neighbour > root { Ordering::Greater } else { Ordering::Less };
                prop_assert!(order != Some(beyond), "{:?} {}", a, root);
            }
        }
    }

    #[test]
    fn rounds_to_the_nearest_double(a in numbers()) {
        let value = to_f64(&a);
        prop_assume!(is_exact(&a));
        let distance = |value: f64| Some(abs(&sub(&a, &exact(&Number::from(value)).ok()?)));
        if let Some(here) = distance(value) {
            for other in [value.next_up(), value.next_down()].into_iter().filter_map(distance) {
                prop_assert!(compare(&here, &other) != Some(Ordering::Greater), "{} {:?}", value, a);
            }
        }
    }

    #[test]
    fn long_digits_are_read_alike(digits in "[1-9][0-9]{0,3000}") {
        let expected: BigInt = digits.parse().unwrap();
        prop_assert_eq!(parse(&digits, 10), Ok(Number::from(expected)));
    }
}
