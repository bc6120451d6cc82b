use super::{Cost, Measure, Over, Period, Standing};
use crate::budgets::Usd;
use crate::time::Timestamp;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn limit(period: Period, amount: i64, used: i64, reserved: i64) -> Standing {
    Standing {
        workspace_id: "ws".to_owned(),
        account_id: String::new(),
        measure: Measure::Usd,
        period,
        amount,
        used,
        reserved,
    }
}

fn over(limits: Vec<Standing>) -> Option<(Period, bool)> {
    let cost = Cost {
        money: Usd::micros(10),
        ..Cost::default()
    };
    let over = Over::of(limits, cost, at("2026-11-21T12:00:00Z"))?;
    Some((over.standing.period, over.is_for_good()))
}

#[test]
fn periods_begin_and_end_at_midnight_of_utc_however_long_the_month() {
    for (now, day, next_day, month, next_month) in [
        (
            "2026-11-30T23:59:59.999Z",
            "2026-11-30",
            "2026-12-01",
            "2026-11-01",
            "2026-12-01",
        ),
        (
            "2026-12-01T00:00:00Z",
            "2026-12-01",
            "2026-12-02",
            "2026-12-01",
            "2027-01-01",
        ),
        (
            "2027-01-31T00:00:00Z",
            "2027-01-31",
            "2027-02-01",
            "2027-01-01",
            "2027-02-01",
        ),
        (
            "2028-02-29T12:00:00Z",
            "2028-02-29",
            "2028-03-01",
            "2028-02-01",
            "2028-03-01",
        ),
        (
            "2027-02-28T23:59:59.999Z",
            "2027-02-28",
            "2027-03-01",
            "2027-02-01",
            "2027-03-01",
        ),
    ] {
        let now = at(now);
        let of = |period: Period| (period.start(now).day(), period.end(now).day());
        assert_eq!(of(Period::Day), (day.to_owned(), next_day.to_owned()));
        assert_eq!(of(Period::Month), (month.to_owned(), next_month.to_owned()));
        for period in [Period::Day, Period::Month] {
            assert!(period.start(now) <= now && now < period.end(now));
        }
    }
}

#[test]
fn what_fits_to_the_last_bit_is_not_over() {
    assert_eq!(over(vec![limit(Period::Day, 30, 20, 0)]), None);
    assert_eq!(over(vec![limit(Period::Day, 30, 10, 10)]), None);
    assert_eq!(
        over(vec![limit(Period::Day, 29, 20, 0)]),
        Some((Period::Day, true))
    );
}

#[test]
fn what_others_only_reserved_may_come_free_and_what_is_used_does_not() {
    assert_eq!(
        over(vec![limit(Period::Day, 30, 10, 20)]),
        Some((Period::Day, false))
    );
    // Of several, the one that no release helps; of those, the one that lasts longest.
    assert_eq!(
        over(vec![
            limit(Period::Day, 30, 30, 0),
            limit(Period::Month, 30, 0, 30)
        ]),
        Some((Period::Day, true))
    );
    assert_eq!(
        over(vec![
            limit(Period::Month, 30, 30, 0),
            limit(Period::Day, 30, 30, 0)
        ]),
        Some((Period::Month, true))
    );
}
