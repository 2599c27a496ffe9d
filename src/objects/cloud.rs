//! A bucket of S3, Azure or Google Cloud, or of a compatible service. Location and credentials come from the user's
//! environment (`AWS_…`, `AZURE_…`, `GOOGLE_…`), never from a workspace.

use super::{Object, Objects, ObjectsError};
use crate::domain::SafeText;
use futures_core::Stream;
use http_body_util::BodyExt;
use object_store::client::{
    ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig,
    UpdateVersion, aws, azure, gcp,
};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

/// Timeout of a connection.
const CONNECT: Duration = Duration::from_secs(15);

/// Timeout of a request: the largest version has some tens of MiB.
const REQUEST: Duration = Duration::from_mins(5);

/// Maximum number, and maximum duration, of retries if the storage does not answer.
const RETRIES: usize = 3;
const RETRY: Duration = Duration::from_mins(1);

/// Maximum size of an answer, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

/// Maximum length of a reason that is passed on, in characters.
const MAX_REASON_CHARS: usize = 300;

/// A bucket, or a part of one.
#[derive(Debug)]
pub(super) struct Bucket {
    address: String,
    prefix: Path,
    store: Box<dyn ObjectStore>,
}

impl Bucket {
    /// The bucket at `SCHEME://BUCKET/PREFIX`. Makes no request.
    ///
    /// # Errors
    /// When the address or the environment does not name a bucket.
    pub(super) fn open(address: &str) -> Result<Bucket, ObjectsError> {
        let refused = |why: &dyn std::fmt::Display| ObjectsError(format!("{address} cannot be used: {}", line(why)));
        let (scheme, rest) = address.split_once("://").unwrap_or_default();
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(refused(&"it names no bucket"));
        }
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY, ..RetryConfig::default() };
        let store = match scheme {
            "s3" => aws::AmazonS3Builder::from_env()
                .with_bucket_name(bucket)
                .with_retry(retry)
                .with_http_connector(Connector)
                .build()
                .map(|store| Box::new(store) as Box<dyn ObjectStore>),
            "az" => azure::MicrosoftAzureBuilder::from_env()
                .with_container_name(bucket)
                .with_retry(retry)
                .with_http_connector(Connector)
                .build()
                .map(|store| Box::new(store) as Box<dyn ObjectStore>),
            _ => gcp::GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(bucket)
                .with_retry(retry)
                .with_http_connector(Connector)
                .build()
                .map(|store| Box::new(store) as Box<dyn ObjectStore>),
        };
        let store = store.map_err(|why| refused(&why))?;
        let prefix = Path::parse(prefix.trim_end_matches('/')).map_err(|why| refused(&why))?;
        Ok(Bucket { address: address.to_owned(), prefix, store })
    }

    fn path(&self, key: &str) -> Path {
        self.prefix.parts().chain(Path::from(key).parts()).collect()
    }

    fn failed(&self, what: &str, why: &Error) -> ObjectsError {
        ObjectsError(format!("{}: cannot {what}: {}", self.address, line(why)))
    }

    fn put(&self, key: &str, mode: PutMode, bytes: &[u8]) -> Result<Option<String>, ObjectsError> {
        let (path, payload) = (self.path(key), PutPayload::from(bytes.to_vec()));
        match wait(self.store.put_opts(&path, payload, PutOptions::from(mode))) {
            Ok(put) => Ok(Some(put.e_tag.unwrap_or_default())),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(None),
            Err(why) => Err(self.failed(&format!("write {key}"), &why)),
        }
    }
}

impl Objects for Bucket {
    fn list(&self, folder: &str, after: Option<&str>) -> Result<Vec<Object>, ObjectsError> {
        let prefix = self.path(folder);
        let listed = match after {
            Some(after) => self.store.list_with_offset(Some(&prefix), &self.path(&format!("{folder}/{after}"))),
            None => self.store.list(Some(&prefix)),
        };
        let found = wait(collected(listed)).map_err(|why| self.failed("list its objects", &why))?;
        let object = |meta: ObjectMeta| {
            let mut rest = meta.location.prefix_match(&prefix)?;
            let name = rest.next().filter(|_| rest.next().is_none())?;
            let key = format!("{folder}/{}", name.as_ref());
            Some(Object { key, tag: tag(&meta), size: meta.size })
        };
        let mut objects: Vec<Object> = found.into_iter().filter_map(object).collect();
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    fn head(&self, key: &str) -> Result<Option<Object>, ObjectsError> {
        match wait(self.store.head(&self.path(key))) {
            Ok(meta) => Ok(Some(Object { key: key.to_owned(), tag: tag(&meta), size: meta.size })),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(why) => Err(self.failed(&format!("read {key}"), &why)),
        }
    }

    fn get(&self, key: &str, most: u64) -> Result<Option<(Vec<u8>, String)>, ObjectsError> {
        let path = self.path(key);
        let read = wait(async {
            let found = self.store.get(&path).await?;
            if found.meta.size > most {
                return Ok(None);
            }
            let tag = tag(&found.meta);
            Ok(Some((found.bytes().await?.to_vec(), tag)))
        });
        match read {
            Ok(Some(found)) => Ok(Some(found)),
            Ok(None) => Err(ObjectsError(format!("{key} has more than {most} bytes"))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(why) => Err(self.failed(&format!("read {key}"), &why)),
        }
    }

    fn put_new(&self, key: &str, bytes: &[u8]) -> Result<Option<String>, ObjectsError> {
        self.put(key, PutMode::Create, bytes)
    }

    fn replace(&self, key: &str, known: &str, bytes: &[u8]) -> Result<bool, ObjectsError> {
        let meta = match wait(self.store.head(&self.path(key))) {
            Ok(meta) if tag(&meta) == known => meta,
            Ok(_) | Err(Error::NotFound { .. }) => return Ok(false),
            Err(why) => return Err(self.failed(&format!("read {key}"), &why)),
        };
        let version = UpdateVersion { e_tag: meta.e_tag, version: meta.version };
        self.put(key, PutMode::Update(version), bytes).map(|put| put.is_some())
    }
}

fn tag(meta: &ObjectMeta) -> String {
    meta.e_tag.clone().unwrap_or_else(|| format!("{}-{}", meta.size, meta.last_modified.timestamp_millis()))
}

/// An error on one line, safe to show.
fn line(why: &dyn std::fmt::Display) -> String {
    let text = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    SafeText::new(&text.chars().take(MAX_REASON_CHARS).collect::<String>()).to_string()
}

/// Runs work on a separate thread, because the caller's thread may not block its runtime.
fn wait<T: Send>(work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    let failed = |why: String| Error::Generic { store: "bucket", source: why.into() };
    let task = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.map_err(|why| failed(why.to_string()))?.block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(task).join()).unwrap_or_else(|_| Err(failed("its thread ended".to_owned())))
}

/// All items of a stream.
async fn collected<T, S>(mut stream: Pin<Box<S>>) -> Result<Vec<T>, Error>
where
    S: Stream<Item = Result<T, Error>> + ?Sized,
{
    let mut found = Vec::new();
    while let Some(item) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        found.push(item?);
    }
    Ok(found)
}

/// Sends HTTP requests through `ureq`, as for generators.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allowed = options.get_config_value(&ClientConfigKey::AllowHttp);
        let is_plain_allowed = allowed.is_some_and(|text| text == "true");
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(RootCerts::WebPki).build())
            .https_only(!is_plain_allowed)
            .proxy(if is_plain_allowed { None } else { Proxy::try_from_env() })
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("toolsmith/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(REQUEST))
            .build();
        Ok(HttpClient::new(Speaker(Agent::new_with_config(config))))
    }
}

#[derive(Debug)]
struct Speaker(Agent);

impl Speaker {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = ureq::http::Request::from_parts(head, body.to_vec());
        let is_bare = body.is_empty() && request.method() != ureq::http::Method::PUT;
        let answer = if is_bare { self.0.run(request.map(|_| ())) } else { self.0.run(request) };
        let (head, mut body) = answer.map_err(failure)?.into_parts();
        let bytes = body.with_config().limit(MAX_ANSWER).read_to_vec().map_err(failure)?;
        Ok(HttpResponse::from_parts(head, bytes.into()))
    }
}

impl HttpService for Speaker {
    fn call<'s, 'a>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>
    where
        's: 'a,
        Self: 'a,
    {
        Box::pin(self.answer(request))
    }
}

fn failure(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::RequireHttpsOnly(_) => {
            HttpErrorKind::Decode
        }
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_bucket_and_a_reason_is_one_short_line() {
        assert!(Bucket::open("s3://").unwrap_err().0.contains("it names no bucket"));
        let bucket = Bucket::open("s3://bucket/a/b/").unwrap();
        assert_eq!(bucket.path("tools/x").as_ref(), "a/b/tools/x");
        assert_eq!(line(&format!("a\n b{}", "c".repeat(900))).chars().count(), MAX_REASON_CHARS);
    }
}
