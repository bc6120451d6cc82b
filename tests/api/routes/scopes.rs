//! What a key may do is what its scopes say, and what a person may do is what their role says, on every route.

use super::{Ground, guarded, name, problem};
use godwit::http::{Access, Route};
use godwit::identity::{Role, Scope};
use godwit::ports::Statement;

/// The scope that a route asks of a key; `None` where keys are refused whatever they may do.
fn scope(route: &Route) -> Option<Scope> {
    match route.access {
        Access::Scoped(scope) => Some(scope),
        Access::Operator => Some(Scope::Operator),
        _ => None,
    }
}

#[tokio::test]
async fn a_key_with_every_other_scope_is_refused_and_nothing_happens() {
    let ground = Ground::new().await;
    for route in guarded() {
        let Some(needed) = scope(&route) else {
            continue;
        };
        let others: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|scope| ![needed, Scope::Admin].contains(scope))
            .map(Scope::as_str)
            .collect();
        let key = ground.world().key(&ground.stage.person, &others).await;
        let good = ground.good(&route).await.bearer(&key);
        let before = ground.traces();
        let answer = ground.send(good.clone()).await;
        problem(&name(&route), &answer, 403, "missing_scope");
        assert!(
            answer.json["detail"]
                .as_str()
                .unwrap()
                .contains(needed.as_str()),
            "{}",
            answer.json
        );
        // Not even whether something is there.
        let elsewhere = good.at(Ground::address(&route, &ground.hers));
        let answer = ground.send(elsewhere).await;
        problem(&name(&route), &answer, 403, "missing_scope");
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn a_key_with_the_one_scope_or_with_admin_is_enough() {
    for route in guarded() {
        let Some(needed) = scope(&route) else {
            continue;
        };
        for scope in [needed, Scope::Admin] {
            // Who runs a workspace does not run the installation.
            if needed == Scope::Operator && scope == Scope::Admin {
                continue;
            }
            let ground = Ground::new().await;
            let key = ground
                .world()
                .key(&ground.stage.person, &[scope.as_str()])
                .await;
            let good = ground.good(&route).await.bearer(&key);
            let success = good.success;
            let answer = ground.send(good).await;
            assert_eq!(answer.status, success, "{}: {}", name(&route), answer.json);
        }
    }
}

#[tokio::test]
async fn what_is_for_persons_no_key_can_do() {
    let ground = Ground::new().await;
    let key = ground.world().key(&ground.stage.person, &["admin"]).await;
    let mut refused = 0;
    for route in guarded() {
        let for_persons = matches!(
            route.access,
            Access::Person | Access::PersonScoped(_) | Access::OwnToken
        );
        if for_persons {
            let good = ground.good(&route).await.bearer(&key);
            let before = ground.traces();
            problem(
                &name(&route),
                &ground.send(good).await,
                403,
                "person_required",
            );
            assert_eq!(ground.traces(), before, "{}", name(&route));
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn a_person_may_do_what_their_role_includes_and_nothing_else() {
    let roles = [
        (Role::Viewer, "viewer"),
        (Role::Author, "author"),
        (Role::Publisher, "publisher"),
        (Role::Admin, "admin"),
    ];
    for route in guarded() {
        let (Access::Scoped(needed) | Access::PersonScoped(needed)) = route.access else {
            continue;
        };
        for (role, word) in roles {
            let ground = Ground::new().await;
            let good = ground.good(&route).await;
            let change = Statement::new("UPDATE memberships SET role = ?1").bind(word);
            ground.world().database.change(&change);
            let before = ground.traces();
            let success = good.success;
            let answer = ground.send(good).await;
            let what = format!("{} as {word}", name(&route));
            if role.allows(needed) {
                assert_eq!(answer.status, success, "{what}: {}", answer.json);
            } else {
                problem(&what, &answer, 403, "missing_role");
                assert_eq!(ground.traces(), before, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_for_operators_no_owner_and_no_key_of_theirs_can_do() {
    let ground = Ground::new().await;
    let key = ground
        .world()
        .key(&ground.stage.person, &["operator"])
        .await;
    let admin = ground.world().key(&ground.eve, &["admin"]).await;
    let mut refused = 0;
    for route in guarded().filter(|route| route.access == Access::Operator) {
        let good = ground.good(&route).await;
        let before = ground.traces();
        for (who, token) in [("an owner", &ground.eve.token), ("an owner's key", &admin)] {
            let answer = ground.send(good.clone().bearer(token)).await;
            let what = format!("{} as {who}", name(&route));
            problem(&what, &answer, 403, "operator_required");
        }
        assert_eq!(ground.traces(), before, "{}", name(&route));
        refused += 1;
    }
    assert!(refused > 0);
    // Who is one no longer takes their keys with them.
    let change = Statement::new("UPDATE users SET operator = 0");
    ground.world().database.change(&change);
    for route in guarded().filter(|route| route.access == Access::Operator) {
        let good = ground.good(&route).await;
        let before = ground.traces();
        for token in [&ground.stage.person.token, &key] {
            let answer = ground.send(good.clone().bearer(token)).await;
            problem(&name(&route), &answer, 403, "operator_required");
        }
        assert_eq!(ground.traces(), before, "{}", name(&route));
    }
}

#[tokio::test]
async fn who_left_the_workspace_can_do_nothing_there_even_with_their_keys() {
    let ground = Ground::new().await;
    let key = ground.world().key(&ground.stage.person, &["admin"]).await;
    let mut asked = Vec::new();
    for route in guarded().filter(|route| route.access != Access::OwnToken) {
        asked.push((name(&route), ground.good(&route).await));
    }
    let change = Statement::new("DELETE FROM memberships WHERE user_id = ?1")
        .bind(ground.stage.person.user_id.as_str());
    ground.world().database.change(&change);
    let before = ground.traces();
    for (what, good) in asked {
        let answer = ground.send(good.clone()).await;
        problem(&what, &answer, 404, "not_found");
        problem(
            &what,
            &ground.send(good.bearer(&key)).await,
            401,
            "key_revoked",
        );
    }
    assert_eq!(ground.traces(), before);
}
