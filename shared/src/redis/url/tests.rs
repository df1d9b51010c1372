use super::*;

fn read_sentinels(url: &str) -> Sentinels {
    match RedisUrl::parse(url) {
        Ok(RedisUrl::Sentinels(sentinels)) => sentinels,
        Ok(_) => panic!("{url} names sentinels"),
        Err(error) => panic!("{url}: {error}"),
    }
}

fn read_nodes(url: &str) -> Vec<ConnectionInfo> {
    match RedisUrl::parse(url) {
        Ok(RedisUrl::Cluster(cluster)) => cluster.nodes,
        Ok(_) => panic!("{url} names a cluster"),
        Err(error) => panic!("{url}: {error}"),
    }
}

fn refusal(url: &str) -> String {
    RedisUrl::parse(url).err().unwrap_or_else(|| panic!("{url} is refused")).to_string()
}

fn login(user: Option<&str>, password: Option<&str>) -> Login {
    Login { user: user.map(str::to_owned), password: password.map(str::to_owned) }
}

#[test]
fn one_server_is_read_with_and_without_tls() {
    for url in ["redis://127.0.0.1:6379/3", "rediss://user:secret@redis.example.org:6380"] {
        assert!(matches!(RedisUrl::parse(url), Ok(RedisUrl::Single(_))), "{url}");
    }
}

#[test]
fn both_orders_of_sentinels_and_master_are_read() {
    for url in ["redis+sentinel://h1:1,h2:2/main", "redis+sentinel://main/h1:1,h2:2"] {
        let read = read_sentinels(url);
        assert_eq!(read.master, "main", "{url}");
        let [h1, h2] = ["h1", "h2"].map(str::to_owned);
        assert_eq!(read.sentinels, [ConnectionAddr::Tcp(h1, 1), ConnectionAddr::Tcp(h2, 2)], "{url}");
        assert!(read.database == 0 && !read.tls);
    }
}

#[test]
fn sentinels_and_servers_have_logins_of_their_own() {
    let read = read_sentinels(
        "rediss+sentinel://ann:p%40ss@s.example.org/main/2?sentinel_user=bob&sentinel_password=a%26b",
    );
    assert!(read.server_login == login(Some("ann"), Some("p@ss")));
    assert!(read.sentinel_login == login(Some("bob"), Some("a&b")));
    assert!(read.tls && read.database == 2);
    let ConnectionAddr::TcpTls { host, port, insecure: false, .. } = &read.sentinels[0] else {
        panic!("the sentinel is asked over verified TLS");
    };
    assert_eq!((host.as_str(), *port), ("s.example.org", SENTINEL_PORT));
    let read = read_sentinels("redis+sentinel://:secret@main/[::1]:7,h");
    assert!(read.server_login == login(None, Some("secret")) && read.sentinel_login == Login::default());
    assert_eq!(read.sentinels[0], ConnectionAddr::Tcp("::1".to_owned(), 7));
}

#[test]
fn the_nodes_of_a_cluster_share_a_login() {
    let nodes = read_nodes("redis-cluster://ann:secret@h1:1,[::1]/");
    let addresses: Vec<_> = nodes.iter().map(|node| node.addr().clone()).collect();
    let [h1, h2] = ["h1", "::1"].map(str::to_owned);
    assert_eq!(addresses, [ConnectionAddr::Tcp(h1, 1), ConnectionAddr::Tcp(h2, SERVER_PORT)]);
    for node in &nodes {
        assert_eq!(node.redis_settings().username(), Some("ann"));
        assert_eq!(node.redis_settings().password(), Some("secret"));
    }
    let nodes = read_nodes("rediss-cluster://cfg.example.org:6379");
    assert!(matches!(nodes[0].addr(), ConnectionAddr::TcpTls { insecure: false, .. }));
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for (url, named) in [
        ("redis+sentinel://h1:1,h2:2", "master"),
        ("redis+sentinel://h1:1/", "master"),
        ("redis+sentinel://h1:1/h2:2", "master"),
        ("redis+sentinel://h1:1/main/first", "database"),
        ("redis+sentinel://h1:1/main?sentinel_pass=x", "sentinel_pass"),
        ("redis+sentinel://h1:1/main?sentinel_password", "value"),
        ("redis+sentinel://h1:1,,h2:2/main", "host"),
        ("redis-cluster://h1:70000", "port"),
        ("redis-cluster://", "host"),
        ("redis-cluster://h1:1/3", "databases"),
        ("redis-cluster://h1:1?tls=1", "tls"),
        ("http://h1", "redis-cluster://"),
    ] {
        assert!(refusal(url).contains(named), "{url}: {}", refusal(url));
    }
}

#[test]
fn an_error_does_not_repeat_the_password() {
    for url in [
        "http://:hunter2@h",
        "redis://:hunter2@h:notaport",
        "hunter2",
        "redis+sentinel://:hunter2@h:notaport/main",
        "redis+sentinel://h/main/x?sentinel_password=hunter2",
        "redis-cluster://:hunter2@h:notaport",
    ] {
        assert!(!refusal(url).contains("hunter2"), "{url}");
    }
}
