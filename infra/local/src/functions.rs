//! Every function of Hark, linked in.

use crate::{
    Options,
    app::Backend,
    faults::{self, FaultyInvoker},
    invoke::{Described, Functions, InvokeApi, Invoker, Processes, Recorder},
    template::Template,
    variables::SERVICES,
};
use anyhow::{Context, anyhow, bail};
use lambda_runtime::LambdaEvent;
use shared::app::App;
use std::sync::Arc;

/// The handler of a socket, queue or schedule function's crate, with `app`.
macro_rules! handler {
    ($function:ident, $app:ident) => {{
        let app = Arc::clone($app);
        move |event: LambdaEvent<_>| {
            let app = Arc::clone(&app);
            async move { $function::handle(&app, event.payload).await }
        }
    }};
}

/// Events of one function at once. Lambda gives each a machine of its own; here they share this one, and
/// without a bound a burst would slow every one of them past its deadlines.
const INSTANCES: usize = 16;

/// The functions that are linked in, in order.
const NAMES: [&str; 15] = [
    "accounts",
    "assign",
    "authorize",
    "connect",
    "deliver",
    "disconnect",
    "events",
    "message",
    "migrate",
    "relay",
    "rooms",
    "services",
    "statistics",
    "support",
    "upkeep",
];

/// Whether a template is somebody else's: its functions have programs, and none of them is one of ours. They need
/// none of our services.
pub(crate) fn are_guests(options: &Options, template: &Template) -> bool {
    options.processes.is_some() && !template.functions.keys().any(|name| NAMES.contains(&name.as_str()))
}

/// All functions by the names that the template calls them.
pub fn all(app: &Arc<App>) -> Functions {
    Functions::new(INSTANCES)
        .event("authorize", handler!(authorize, app))
        .event("connect", handler!(connect, app))
        .event("disconnect", handler!(disconnect, app))
        .event("message", handler!(message, app))
        .event("deliver", handler!(deliver, app))
        .event("assign", handler!(assign, app))
        .event("relay", handler!(relay, app))
        .event("upkeep", handler!(upkeep, app))
        .event("migrate", handler!(migrate, app))
        .http("accounts", accounts::router(Arc::clone(app)))
        .http("rooms", rooms::router(Arc::clone(app)))
        .http("statistics", statistics::router(Arc::clone(app)))
        .http("services", services::router(Arc::clone(app)))
        .http("support", support::router(Arc::clone(app)))
        .http("events", events::router(Arc::clone(app)))
}

/// What runs the functions, as the faults have it, and records their events when it is asked to.
///
/// # Errors
/// A function has no handler or no program, a fault is about one that isn't there, the way asks for services that
/// aren't there, or the recordings have no place.
pub(crate) fn invoker(
    options: &Options,
    template: &Template,
    backend: &Backend,
) -> anyhow::Result<Arc<dyn Invoker>> {
    faults::check(&options.faults, |name| template.functions.contains_key(name))
        .map_err(|problem| anyhow!("--fault: {problem}"))?;
    let routes = template.http.iter().flat_map(|api| &api.routes);
    let http = routes.map(|route| route.function.clone()).collect();
    let functions = running(options, template, backend)?;
    let invoker: Arc<dyn Invoker> = Arc::new(FaultyInvoker::new(functions, backend.sockets.clone(), http));
    let Some(folder) = &options.record else { return Ok(invoker) };
    let recorder = Recorder::open(folder, invoker);
    Ok(Arc::new(recorder.with_context(|| format!("--record: cannot keep events in {}", folder.display()))?))
}

/// This process, processes of their own, or an Invoke API.
fn running(options: &Options, template: &Template, backend: &Backend) -> anyhow::Result<Arc<dyn Invoker>> {
    let are_guests = are_guests(options, template);
    if !options.runs_in_process() && backend.embedded.is_some() && !are_guests {
        bail!("functions in other processes share no embedded state: set {}", SERVICES.join(", "));
    }
    if let Some(folder) = &options.processes {
        let described = template.functions.values().map(|function| Described {
            name: function.name.clone(),
            environment: match are_guests {
                true => backend.variables.of_guest(function),
                false => backend.variables.of(function),
            },
            timeout: function.timeout,
            log: None,
            reserved: function.reserved,
        });
        return Ok(Arc::new(Processes::new(folder, described, options.instances)?));
    }
    if let Some(url) = &options.invoke_url {
        return Ok(Arc::new(InvokeApi::new(url)));
    }
    let functions = all(&backend.app);
    check(&functions, template)?;
    Ok(Arc::new(functions))
}

/// Refuses a template that names a function which isn't there: its first event would be too late to say so.
///
/// # Errors
/// Names them.
fn check(functions: &Functions, template: &Template) -> anyhow::Result<()> {
    let known = functions.names();
    let unknown: Vec<&str> =
        template.functions.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
    if !unknown.is_empty() {
        bail!("the template names functions that this build doesn't have: {}", unknown.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_names_are_those_of_the_functions_that_are_linked_in() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { port: 0, state_dir: folder.path().to_owned(), ..Options::defaults() };
        let backend = Backend::open(&options, &Template::default()).await.unwrap();
        assert_eq!(all(&backend.app).names(), NAMES);
    }

    #[test]
    fn a_function_of_the_template_that_is_not_linked_in_is_named() {
        let template = "
            Resources:
              Known: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: target/lambda/known/}}
              Other: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: target/lambda/unheard-of/}}";
        let template = Template::parse(template, &Default::default()).unwrap();
        let known = Functions::new(1).event("known", async |_: LambdaEvent<()>| Ok(()));
        let refused = check(&known, &template).unwrap_err().to_string();
        assert!(refused.ends_with(": unheard-of"), "{refused}");
    }
}
