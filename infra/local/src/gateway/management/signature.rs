//! Checks Signature Version 4: signs the request again and compares.

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use http::{HeaderMap, request::Parts};
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq;
use time::{PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description};

const AMZ_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// How far a caller's clock may be off.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

/// The key that callers of `@connections` sign with.
#[derive(Clone)]
pub struct Credentials {
    /// The access key's id.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials({})", self.access_key)
    }
}

pub(super) struct Verifier {
    credentials: Credentials,
}

/// The parts of an `Authorization` header.
struct Stated<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl Verifier {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials }
    }

    /// Checks that the request was signed with our key within [`MAX_SKEW`] of now.
    ///
    /// # Errors
    /// What is wrong with it, for the log alone.
    pub(super) fn verify(&self, parts: &Parts, body: &[u8]) -> Result<(), &'static str> {
        let stated = stated(&parts.headers)?;
        if stated.access_key != self.credentials.access_key {
            return Err("another access key");
        }
        let time = signing_time(&parts.headers)?;
        let signature = self.sign(parts, body, &stated, time).ok_or("it cannot be signed again")?;
        let same = signature.as_bytes().ct_eq(stated.signature.as_bytes());
        if bool::from(same) { Ok(()) } else { Err("another signature") }
    }

    fn sign(&self, parts: &Parts, body: &[u8], stated: &Stated<'_>, time: SystemTime) -> Option<String> {
        let Credentials { access_key, secret_key } = &self.credentials;
        let identity = AwsCredentials::new(access_key, secret_key, None, None, "runner").into();
        let mut settings = SigningSettings::default();
        // The caller's list decides what is signed, not the library's usual exclusions.
        settings.excluded_headers = None;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(stated.region)
            .name(stated.service)
            .time(time)
            .settings(settings)
            .build()
            .ok()?;
        let uri = format!("http://{}{}", text(&parts.headers, "host")?, parts.uri);
        let headers = signed_headers(&parts.headers, stated.signed_headers)?;
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(body);
        let request = SignableRequest::new(parts.method.as_str(), uri, headers, body).ok()?;
        let signed = sign(request, &params.into()).ok()?;
        Some(signed.signature().to_owned())
    }
}

fn stated(headers: &HeaderMap) -> Result<Stated<'_>, &'static str> {
    let header = text(headers, "authorization").ok_or("not signed")?;
    let fields = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
    let field = |name: &str| {
        let mut fields = fields.split(',').map(str::trim);
        fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    let scope = field("Credential").ok_or("no credential")?;
    let [access_key, _date, region, service, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..]
    else {
        return Err("a malformed credential");
    };
    Ok(Stated {
        access_key,
        region,
        service,
        signed_headers: field("SignedHeaders").ok_or("no list of headers")?,
        signature: field("Signature").ok_or("no signature")?,
    })
}

/// The headers that the caller signed; those that signing makes anew are left out.
fn signed_headers<'a>(headers: &'a HeaderMap, names: &'a str) -> Option<Vec<(&'a str, String)>> {
    let own = names.split(';').filter(|name| !matches!(*name, "host" | "x-amz-date"));
    own.map(|name| {
        let values = headers.get_all(name).into_iter();
        let values: Option<Vec<&str>> = values.map(|value| value.to_str().ok()).collect();
        Some((name, values?.join(",")))
    })
    .collect()
}

fn signing_time(headers: &HeaderMap) -> Result<SystemTime, &'static str> {
    let date = text(headers, "x-amz-date").ok_or("no date")?;
    let time = PrimitiveDateTime::parse(date, AMZ_DATE).map_err(|_| "a malformed date")?;
    let time = SystemTime::from(time.assume_utc());
    let now = SystemTime::now();
    let skew = now.duration_since(time).or_else(|_| time.duration_since(now)).unwrap_or_default();
    if skew > MAX_SKEW {
        return Err("a date more than five minutes off");
    }
    Ok(time)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
