//! What the half-hourly tick does for all accounts, with gates that a closure plays.

use super::Town;
use godwit::accounts::{Sealed, renew, reseal, sealed_by_key};
use godwit::gate::{GateReply, GateRequest, RefreshedUntil};
use godwit::platforms::{Class, NotSent};
use godwit::ports::{Clock as _, Statement};
use godwit::time::{DAY_MS, HOUR_MS};

/// Accounts 1 to `count`, connected at this moment; account n is the X user n.
async fn many(town: &Town, count: u32, sealed: impl Fn(u32) -> String) {
    let person = town.world.person("anna").await;
    let now = town.world.clock.now();
    for number in 1..=count {
        let id = format!("acct_019a9b1c-7d2e-7c11-8f00-{number:012x}");
        town.world.database.change(
            &Statement::new(
                "INSERT INTO accounts (id, workspace_id, platform, external_id, handle, name, profile_at, status, auth,
                   scopes, connected_at, updated_at)
                 VALUES (?1, ?2, 'x', ?3, 'h', 'n', ?4, 'active', 'oauth2', '', ?4, ?4)",
            )
            .bind(id.as_str())
            .bind(person.workspace_id.as_str())
            .bind(number.to_string())
            .bind(now),
        );
        town.world.database.change(
            &Statement::new(
                "INSERT INTO account_tokens (account_id, workspace_id, sealed, generation, expires_at, updated_at, renew_at)
                 VALUES (?1, ?2, ?3, 1, ?4, ?4, ?4 + ?5)",
            )
            .bind(id.as_str())
            .bind(person.workspace_id.as_str())
            .bind(sealed(number))
            .bind(now)
            .bind(30 * DAY_MS),
        );
    }
}

/// Gates that refresh for the users after this one, and fail in passing for it and those before.
fn gates_refresh_after(town: &Town, last_failing: u32) {
    let expires_at = town.world.clock.now().plus_ms(2 * HOUR_MS);
    town.world.gates.on_call(move |gate, _| {
        let number: u32 = gate.as_str().trim_start_matches("x:").parse().unwrap();
        let busy = NotSent::new(Class::Transient, "x_unreachable", "No.", "Wait.");
        Ok(GateReply::Refresh(if number > last_failing {
            Ok(RefreshedUntil {
                expires_at,
                refreshed: true,
            })
        } else {
            Err(busy)
        }))
    });
}

#[tokio::test]
async fn accounts_that_cannot_be_renewed_do_not_keep_the_others_waiting() {
    let town = Town::new();
    many(&town, 120, |_| "v1.k1.x".to_owned()).await;
    let app = town.world.app();
    town.world.clock.advance(30 * DAY_MS - 1);
    assert_eq!((renew(&app).await.unwrap(), town.asked().len()), (0, 0));
    town.world.clock.advance(1);
    gates_refresh_after(&town, 60);
    let mut done = Vec::new();
    for _ in 0..4 {
        done.push((renew(&app).await.unwrap(), town.asked().len()));
    }
    assert_eq!(done, [(0, 50), (40, 50), (20, 20), (0, 0)]);
    // Six hours later, those that failed are asked for again.
    town.world.clock.advance(6 * HOUR_MS);
    gates_refresh_after(&town, 0);
    assert_eq!(renew(&app).await.unwrap(), 50);
}

#[tokio::test]
async fn a_tick_that_ends_in_the_middle_does_not_begin_with_the_same_account_again() {
    let town = Town::new();
    many(&town, 60, |_| "v1.k1.x".to_owned()).await;
    let app = town.world.app();
    town.world.clock.advance(30 * DAY_MS);
    town.world
        .gates
        .on_call_async(|_, _| async { std::future::pending().await });
    {
        let mut stuck = Box::pin(renew(&app));
        for _ in 0..100 {
            assert!(
                futures_util::future::poll_immediate(&mut stuck)
                    .await
                    .is_none()
            );
        }
    }
    assert_eq!(town.asked().len(), 1);
    gates_refresh_after(&town, 0);
    assert_eq!(renew(&app).await.unwrap(), 10);
    town.world.clock.advance(6 * HOUR_MS);
    assert_eq!(renew(&app).await.unwrap(), 50);
}

#[tokio::test]
async fn what_cannot_be_sealed_anew_does_not_keep_the_rest_waiting() {
    let town = Town::with(
        &[(
            "ENCRYPTION_KEYS",
            "k2:AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=,k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
        )],
        |_| (),
    );
    many(&town, 310, |number| {
        format!("v1.k{}.x", if number == 305 { 2 } else { 1 })
    })
    .await;
    let app = town.world.app();
    town.gates_answer(GateReply::Reseal(Err(NotSent::new(
        Class::Operator,
        "tokens_not_readable",
        "No.",
        "Put the key back.",
    ))));
    assert_eq!(reseal(&app).await.unwrap(), 0);
    let asked = town.world.gates.calls().take();
    assert_eq!(asked.len(), 300);
    assert!(matches!(&asked[0].1, GateRequest::Reseal { grant } if grant.sealed == "v1.k1.x"));
    town.gates_answer(GateReply::Reseal(Ok(true)));
    assert_eq!(reseal(&app).await.unwrap(), 9);
    assert_eq!(town.asked().len(), 9);
    // And begins anew.
    assert_eq!(reseal(&app).await.unwrap(), 300);
}

#[tokio::test]
async fn the_count_by_key_shows_every_key_but_the_newest_and_reads_nothing_else() {
    let town = Town::with(
        &[(
            "ENCRYPTION_KEYS",
            "k2:AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=,k1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
        )],
        |_| (),
    );
    many(&town, 9, |number| {
        let key = match number {
            1..=3 => "k1",
            4 => "lost",
            5 => "k10",
            _ => "k2",
        };
        format!("v1.{key}.x.y")
    })
    .await;
    let database = &town.world.database;
    database.change(&Statement::new(
        "INSERT INTO oauth_states (state_hash, workspace_id, verifier, created_at, expires_at, used_at)
         SELECT 'a', id, 'v1.k1.x', 1, 9000000000000, NULL FROM workspaces UNION ALL
         SELECT 'b', id, 'v1.k1.x', 1, 9000000000000, 1 FROM workspaces UNION ALL
         SELECT 'c', id, 'v1.k1.x', 1, 2, NULL FROM workspaces UNION ALL
         SELECT 'd', id, 'v1.k2.x', 1, 9000000000000, NULL FROM workspaces",
    ));
    let sealed = |key_id: &str, configured, tokens, consents| Sealed {
        key_id: key_id.to_owned(),
        configured,
        tokens,
        consents,
        apps: 0,
    };
    assert_eq!(
        sealed_by_key(&town.world.app()).await.unwrap(),
        [
            sealed("k1", true, 3, 1),
            sealed("k10", false, 1, 0),
            sealed("lost", false, 1, 0),
        ]
    );
    for sql in database.seen() {
        if sql.contains("key_id") {
            for step in database.plan(sql) {
                assert!(!step.starts_with("SCAN account"), "{step}: {sql}");
                assert!(!step.starts_with("SCAN oauth"), "{step}: {sql}");
            }
        }
    }
}
