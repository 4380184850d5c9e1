//! A cluster, of one node: what is where is found by asking it.

use tokio::time::sleep;
use tower_better_auth::Redis;

use super::{MILLI, SECRET, builder, get, listening, until_entries};
use crate::support::{
    mock::{Act, Mock},
    redis::RedisServer,
};

#[tokio::test]
async fn a_cluster_is_shared_as_a_single_redis_is() {
    let server = RedisServer::start_cluster().await;
    let mock = Mock::new();
    let cluster = || Redis::cluster([server.url()], SECRET).timeout(2000 * MILLI);
    let (auth, first) = listening(builder(&mock, cluster())).await;
    let (_, second) = listening(builder(&mock, cluster())).await;
    get(&first).await.assert_ok();
    until_entries(&server, 1).await;
    let before = mock.count();
    get(&second).await.assert_ok();
    assert_eq!(mock.count(), before);
    mock.does(Act::signed_out());
    auth.invalidate_all().await;
    while get(&second).await.status != 401 {
        sleep(MILLI).await;
    }
    get(&first).await.assert_invalid();
}
