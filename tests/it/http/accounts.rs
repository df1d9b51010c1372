use http::Method;
use serde_json::{Value, json};

use super::world::{Answer, Hark};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/users/me";

/// Exactly the documents' body.
fn testuser() -> Value {
    json!({"username": "testuser", "nickname": "测试用户", "email": "test@example.com", "password": "123456"})
}

async fn with_token(hark: &Hark, token: &Value, method: Method, path: &str, body: Option<Value>) -> Answer {
    hark.call(token.as_str(), method, path, body).await
}

#[tokio::test]
async fn who_registers_gets_a_token_and_logs_in_again() {
    let hark = Hark::start().await;
    let registered = hark.post(REGISTER, testuser()).await;
    assert_eq!(registered.status, 201);
    let registered = registered.body;
    assert_eq!(registered["user"]["username"], "testuser");
    assert_eq!(registered["user"]["nickname"], "测试用户");
    assert!(registered["expires_at"].as_i64() > Some(hark.app.clock.now().0));
    let login = hark.post(LOGIN, json!({"username": "testuser", "password": "123456"})).await;
    assert_eq!(login.status, 200);
    assert_eq!(login.body["user"], registered["user"]);
    let me = with_token(&hark, &login.body["token"], Method::GET, ME, None).await.ok();
    assert_eq!(me["email"], "test@example.com");
    assert_eq!(me["role"], "user");
}

#[tokio::test]
async fn a_second_registration_of_a_name_or_an_address_is_refused() {
    let hark = Hark::start().await;
    hark.post(REGISTER, testuser()).await.ok();
    let again = hark.post(REGISTER, testuser()).await;
    again.refused(409, "conflict");
    assert!(again.message().starts_with("username: "));
    let other_case = hark.post(REGISTER, json!({"username": "TestUser", "password": "123456"})).await;
    other_case.refused(409, "conflict");
    let address = json!({"username": "other", "email": "Test@example.com", "password": "123456"});
    let address = hark.post(REGISTER, address).await;
    address.refused(409, "conflict");
    assert!(address.message().starts_with("email: "));
}

#[tokio::test]
async fn a_bad_registration_names_its_field_and_makes_nobody() {
    let hark = Hark::start().await;
    let bad = [
        ("password", json!({"username": "ann", "password": "12345"})),
        ("username", json!({"username": "42", "password": "123456"})),
        ("email", json!({"username": "ann", "email": "nowhere", "password": "123456"})),
        ("nickname", json!({"username": "ann", "nickname": "", "password": "123456"})),
    ];
    for (field, body) in bad {
        let answer = hark.post(REGISTER, body).await;
        answer.refused(400, "invalid");
        assert!(answer.message().starts_with(&format!("{field}: ")), "{answer:?}");
    }
    let login = hark.post(LOGIN, json!({"username": "ann", "password": "12345"})).await;
    login.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let hark = Hark::start().await;
    for body in ["", "nonsense", "[]", "{\"username\":"] {
        let request = http::Request::post(REGISTER).body(body.to_owned().into()).unwrap();
        hark.request(request).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_refused_in_the_same_words() {
    let hark = Hark::start().await;
    hark.post(REGISTER, testuser()).await.ok();
    let wrong = hark.post(LOGIN, json!({"username": "testuser", "password": "1234567"})).await;
    let unknown = hark.post(LOGIN, json!({"username": "nobody", "password": "123456"})).await;
    wrong.refused(401, "unauthenticated");
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one_and_of_every_token() {
    let hark = Hark::start().await;
    let old = hark.post(REGISTER, testuser()).await.ok();
    let path = "/api/v1/auth/password";
    let change = |old_password: &str, new: &str| json!({"old_password": old_password, "new_password": new});
    let call = async |body| with_token(&hark, &old["token"], Method::POST, path, Some(body)).await;
    call(change("wrong!", "654321")).await.refused(403, "forbidden");
    let short = call(change("123456", "54321")).await;
    short.refused(400, "invalid");
    assert!(short.message().starts_with("new_password: "));
    let new = call(change("123456", "654321")).await.ok();
    let show = async |token| with_token(&hark, token, Method::GET, ME, None).await;
    show(&old["token"]).await.refused(401, "unauthenticated");
    assert_eq!(show(&new["token"]).await.status, 200);
    let login =
        async |password| hark.post(LOGIN, json!({"username": "testuser", "password": password})).await;
    assert_eq!(login("123456").await.status, 401);
    assert_eq!(login("654321").await.status, 200);
}

#[tokio::test]
async fn a_profile_changes_and_others_see_the_public_part_of_it() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let changed = ann.patch(ME, json!({"nickname": "Anna", "email": "ann@example.com"})).await.ok();
    assert_eq!(changed["nickname"], "Anna");
    let seen = bob.get("/api/v1/users/ann").await.ok();
    assert_eq!(seen, json!({"id": ann.id, "username": "ann", "nickname": "Anna"}));
    assert_eq!(bob.get(&format!("/api/v1/users/{}", ann.id)).await.ok(), seen);
    bob.get("/api/v1/users/nobody").await.refused(404, "not_found");
    bob.patch(ME, json!({"email": "ann@example.com"})).await.refused(409, "conflict");
}

#[tokio::test]
async fn who_deletes_their_account_takes_an_export_along_and_is_gone() {
    let hark = Hark::start().await;
    let ann = hark.post(REGISTER, testuser()).await.ok();
    let call = async |method, path| with_token(&hark, &ann["token"], method, path, None).await;
    let bob = hark.person("Bob").await;
    let room = json!({"name": "kept", "member_ids": [bob.id]});
    let room = with_token(&hark, &ann["token"], Method::POST, "/api/v1/rooms", Some(room)).await.ok();
    let export = call(Method::DELETE, ME).await.ok();
    assert_eq!(export["user"]["email"], "test@example.com");
    assert_eq!(export["rooms"][0]["id"], room["id"]);
    call(Method::GET, ME).await.refused(401, "unauthenticated");
    let login = hark.post(LOGIN, json!({"username": "testuser", "password": "123456"})).await;
    login.refused(401, "unauthenticated");
    let members = bob.get(&format!("/api/v1/rooms/{}/members", room["id"])).await.ok();
    assert_eq!(members["total"], 1);
    assert_eq!(members["members"][0]["role"], "owner");
}

#[tokio::test]
async fn a_ticket_is_good_once() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let issued = ann.do_post("/api/v1/auth/ticket").await.ok();
    let digest = shared::identity::Ticket::given(issued["ticket"].as_str().unwrap()).digest();
    let now = hark.app.clock.now();
    let account = hark.app.accounts.redeem_ticket(&digest, now).await.unwrap();
    assert_eq!(account.map(|account| account.user.id), Some(ann.id));
    assert_eq!(hark.app.accounts.redeem_ticket(&digest, now).await.unwrap(), None);
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_as_errors_do() {
    let hark = Hark::start().await;
    for path in ["/api/v1/auth/nothing", "/api/v1/rooms/", "/nothing"] {
        hark.call(None, Method::GET, path, None).await.refused(404, "not_found");
    }
    for path in [LOGIN, "/api/v1/rooms/1/join"] {
        hark.call(None, Method::GET, path, None).await.refused(405, "invalid");
    }
}
