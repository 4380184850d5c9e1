//! Nothing that lies in Redis is believed because it lies there.

use std::time::SystemTime;

use tokio::time::sleep;
use tower_better_auth::{Cache, Redis};

use super::{
    MILLI, SECRET, TTL, builder, get, is_heard, listening, process, redis, until, until_entries,
};
use crate::support::{
    answer, log,
    mock::{Act, Mock},
    redis::RedisServer,
};

const STREAM: &[u8] = b"{better-auth:v1:bus}:revocations";

/// Three sealed entries: one of the user, one of somebody else, and one of the user in another namespace.
async fn entries(mock: &Mock, server: &RedisServer) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (_, app) = process(mock, server).await;
    get(&app).await.assert_ok();
    until_entries(server, 1).await;
    let key = server.entries().await.remove(0);
    let other = "better-auth.session_token=somebody-else.s";
    app.get_as(other, "/me").await.assert_ok();
    let namespace = redis(server.url()).namespace("theirs");
    let (_, theirs) = listening(builder(mock, namespace)).await;
    get(&theirs).await.assert_ok();
    let secret = Redis::new(server.url(), SECRET.replace('0', "x")).namespace("better-auth");
    let (_, stranger) = listening(builder(mock, secret)).await;
    get(&stranger).await.assert_ok();
    until_entries(server, 4).await;
    let mut values = vec![server.get(&key).await];
    for other in server.entries().await {
        if other != key {
            values.push(server.get(&other).await);
        }
    }
    (key, values)
}

#[tokio::test]
async fn whatever_lies_in_the_place_of_an_entry_the_auth_server_is_asked() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (key, values) = entries(&mock, &server).await;
    let own = values[0].clone();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = own.clone();
        change(&mut changed);
        changed
    };
    let mut lies = vec![
        ("nothing", Vec::new()),
        ("JSON", answer::session().to_string().into_bytes()),
        ("zeroes", vec![0; 4096]),
        ("long", vec![1; 2 * 1024 * 1024]),
        ("an older version", changed(&|it| it[0] = 0)),
        ("a newer version", changed(&|it| it[0] = 2)),
        ("another nonce", changed(&|it| it[5] ^= 1)),
        ("a changed byte", changed(&|it| it[60] ^= 1)),
        ("no end", changed(&|it| it.truncate(60))),
        ("a longer end", changed(&|it| it.push(0))),
    ];
    lies.extend(
        values[1..]
            .iter()
            .map(|it| ("an entry of others", it.clone())),
    );
    mock.does(Act::signed_out());
    for (what, lie) in lies {
        let (_, app) = process(&mock, &server).await;
        server.set(&key, &lie).await;
        let before = mock.count();
        let seen = get(&app).await;
        assert_eq!(
            (seen.status.as_u16(), mock.count()),
            (401, before + 1),
            "{what}"
        );
    }
    // To be sure that it is the lies that are not believed.
    let (_, app) = process(&mock, &server).await;
    server.set(&key, &own).await;
    get(&app).await.assert_ok();
}

/// How many bytes Redis has sent to everybody.
async fn sent(server: &RedisServer) -> u64 {
    let stats: String = server.run(&[b"INFO", b"stats"]).await.unwrap();
    let mut lines = stats.lines();
    let sent = lines.find_map(|line| line.strip_prefix("total_net_output_bytes:"));
    sent.unwrap().parse().unwrap()
}

#[tokio::test]
async fn of_a_value_that_is_no_entry_no_more_is_read_than_shows_it() {
    const MIB: usize = 1024 * 1024;
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (key, _) = entries(&mock, &server).await;
    let (_, app) = process(&mock, &server).await;
    server.set(&key, &vec![1; 32 * MIB]).await;
    let before = (mock.count(), sent(&server).await);
    get(&app).await.assert_ok();
    let read = sent(&server).await - before.1;
    assert_eq!(mock.count(), before.0 + 1);
    assert!(read < 2 * MIB as u64, "{read}");
}

#[tokio::test]
async fn a_value_of_another_type_is_passed_over_and_written_over() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (key, _) = entries(&mock, &server).await;
    for order in ["RPUSH", "SADD"] {
        let (_, app) = process(&mock, &server).await;
        server.run::<u64>(&[b"DEL", &key]).await.unwrap();
        let put = [order.as_bytes(), &key, b"a"];
        server.run::<u64>(&put).await.unwrap();
        get(&app).await.assert_ok();
        let kind = [b"TYPE".as_slice(), &key];
        while server.run::<String>(&kind).await.unwrap() != "string" {
            sleep(5 * MILLI).await;
        }
    }
}

#[tokio::test]
async fn an_entry_that_redis_keeps_for_longer_than_it_was_told_is_too_old() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let short = || builder(&mock, redis(server.url())).cache(Cache::ttl(1000 * MILLI));
    let (_, first) = listening(short()).await;
    let (_, second) = listening(short()).await;
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    let key = server.entries().await.remove(0);
    server.run::<u64>(&[b"PERSIST", &key]).await.unwrap();
    mock.does(Act::signed_out());
    get(&second).await.assert_ok();
    sleep(1000 * MILLI).await;
    get(&second).await.assert_invalid();
}

#[tokio::test]
async fn messages_that_no_process_of_the_fleet_wrote_revoke_nothing_and_deafen_nobody() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let (auth, _) = process(&mock, &server).await;
    let (other, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    let before = mock.count();
    for field in [b"m".as_slice(), b"x"] {
        for value in [
            &b""[..],
            b"{\"origin\":1,\"what\":\"Everything\"}",
            &[1; 200],
        ] {
            let add = [b"XADD", STREAM, b"*", field, value];
            server.run::<String>(&add).await.unwrap();
        }
    }
    sleep(700 * MILLI).await;
    get(&app).await.assert_ok();
    assert_eq!(mock.count(), before);
    until("others are heard", || is_heard(&other)).await;
    mock.does(Act::signed_out());
    auth.invalidate_all().await;
    while get(&app).await.status != 401 {
        sleep(MILLI).await;
    }
}

#[tokio::test]
async fn an_entry_of_the_far_future_or_another_type_in_place_of_the_stream_is_not_silence() {
    for lie in ["future", "type"] {
        let (mock, server) = (Mock::new(), RedisServer::start().await);
        let (auth, app) = process(&mock, &server).await;
        get(&app).await.assert_ok();
        if lie == "future" {
            let add = [
                b"XADD".as_slice(),
                STREAM,
                b"18446744073709551000-0",
                b"m",
                b"x",
            ];
            server.run::<String>(&add).await.unwrap();
        } else {
            server.run::<u64>(&[b"DEL", STREAM]).await.unwrap();
            server.set(STREAM, b"x").await;
        }
        let silence = || auth.readiness().last_heard;
        until("nobody is heard", || {
            silence().is_none_or(|it| it > 1000 * MILLI)
        })
        .await;
        // And what it remembers is not young any more.
        sleep(Redis::ISOLATED_TTL).await;
        mock.does(Act::signed_out());
        get(&app).await.assert_invalid();
        // An operator takes it away.
        server.run::<u64>(&[b"DEL", STREAM]).await.unwrap();
        until("others are heard", || is_heard(&auth)).await;
    }
}

#[tokio::test]
async fn clocks_that_differ_share_less_and_never_too_long() {
    let (mock, server) = (Mock::new(), RedisServer::start().await);
    let at = |minutes: i64| {
        let skew = 60_000 * MILLI * u32::try_from(minutes.unsigned_abs()).unwrap();
        let clock = move || {
            if minutes < 0 {
                SystemTime::now() - skew
            } else {
                SystemTime::now() + skew
            }
        };
        listening(builder(&mock, redis(server.url())).clock(clock))
    };
    let (_, app) = process(&mock, &server).await;
    get(&app).await.assert_ok();
    until_entries(&server, 1).await;
    let key = server.entries().await.remove(0);
    let entry = server.get(&key).await;
    for (minutes, is_shared) in [(0, true), (5, false), (-5, false)] {
        server.set(&key, &entry).await;
        let (_, app) = at(minutes).await;
        let before = mock.count();
        get(&app).await.assert_ok();
        let calls = mock.count() - before;
        assert_eq!(calls, usize::from(!is_shared), "{minutes}");
    }
    // Each of those that are off shares with itself, for as long as its own clock says.
    for minutes in [5, -5] {
        let (_, first) = at(minutes).await;
        get(&first).await.assert_ok();
        let key = server.entries().await.remove(0);
        let left: u64 = server.run(&[b"PTTL", &key]).await.unwrap();
        assert!(u128::from(left) <= TTL.as_millis(), "{left}");
    }
}

#[test]
fn what_is_not_believed_is_said_in_the_log_with_the_fix_and_without_a_secret() {
    let ((), log) = log::of(async {
        let (mock, server) = (Mock::new(), RedisServer::start().await);
        let (key, values) = entries(&mock, &server).await;
        let with_password = Redis::new(server.url(), SECRET).timeout(2000 * MILLI);
        let cached = mock.builder().cache(Cache::ttl(TTL)).redis(with_password);
        let (_, app) = listening(cached).await;
        server.set(&key, &values[1]).await;
        get(&app).await.assert_ok();
        let add = [b"XADD", STREAM, b"*", b"m", b"x"];
        server.run::<String>(&add).await.unwrap();
        sleep(300 * MILLI).await;
    });
    for line in [
        "an entry was not written by a process with this secret",
        "a revocation was not written by a process with this secret",
        "the same secret, and fleets that do not another `namespace`",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
    for secret in [SECRET, answer::TOKEN] {
        assert!(!log.contains(secret), "{log}");
    }
}
