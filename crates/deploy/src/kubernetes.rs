//! Kubernetes manifests: several replicas that roll without a dropped request, scale with load, and may do nothing else.

use crate::image::{IDENTITY_PATH, LEDGER_PATH, PORT, entrypoint};
use crate::layer::USER;
use crate::{Files, Subject, messages};
use ingot_base::{Fault, Result};
use std::fmt::Write as _;

/// What the manifests need to know beside the model.
#[derive(Debug, Clone)]
pub struct KubernetesOptions {
    /// Name and version of the model.
    pub subject: Subject,
    /// Image that the cluster pulls; without tag or digest, the model's version becomes the tag.
    pub image: String,
    /// Namespace of all objects.
    pub namespace: String,
    /// Name of a `kubernetes.io/tls` Secret: the server then speaks TLS itself. `None`: plain HTTP inside the cluster,
    /// behind an ingress or mesh that adds TLS.
    pub tls_secret: Option<String>,
    /// Fewest replicas; with one, the ledger may be a file.
    pub min_replicas: u32,
    /// Most replicas.
    pub max_replicas: u32,
    /// The oldest Kubernetes 1.x that must accept the manifests. From 30 on, a pause before SIGTERM is asked of the
    /// cluster; before, the server's own drain covers it.
    pub minor: u32,
}

impl KubernetesOptions {
    /// The defaults: two to ten replicas, plain HTTP inside the cluster, Kubernetes 1.27 or newer.
    pub fn new(subject: Subject, image: &str, namespace: &str) -> Self {
        Self {
            subject,
            image: image.to_owned(),
            namespace: namespace.to_owned(),
            tls_secret: None,
            min_replicas: 2,
            max_replicas: 10,
            minor: 27,
        }
    }

    fn check(&self) -> Result<()> {
        let invalid = |option: &str, value: &str, why: &str| {
            Err(Fault::new(&messages::OPTION_INVALID)
                .arg("option", option)
                .arg("value", value)
                .arg("why", why))
        };
        let label = "lower-case letters, digits and `-`, at most 63";
        if !is_label(&self.namespace) {
            return invalid("namespace", &self.namespace, label);
        }
        if let Some(secret) = self.tls_secret.as_deref().filter(|secret| !is_label(secret)) {
            return invalid("tls-secret", secret, label);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "./:_-@".contains(c);
        if self.image.is_empty() || !self.image.chars().all(allowed) {
            return invalid("image", &self.image, "not an image reference");
        }
        if self.min_replicas == 0 || self.max_replicas < self.min_replicas {
            let range = format!("{}–{}", self.min_replicas, self.max_replicas);
            return invalid("replicas", &range, "at least one, and the most not below the fewest");
        }
        Ok(())
    }

    /// The image with a tag or a digest.
    fn reference(&self) -> String {
        let last = self.image.rsplit('/').next().unwrap_or_default();
        if last.contains([':', '@']) {
            self.image.clone()
        } else {
            format!("{}:{}", self.image, self.subject.version())
        }
    }
}

/// Writes the manifests, one object a file, and a README with the one command that needs secrets.
///
/// # Errors
/// When an option is not one that Kubernetes accepts.
pub fn kubernetes(options: &KubernetesOptions) -> Result<Files> {
    options.check()?;
    Ok([
        ("service-account.yaml", service_account(options)),
        ("deployment.yaml", deployment(options)),
        ("service.yaml", service(options)),
        ("service-pods.yaml", service_pods(options)),
        ("autoscaler.yaml", autoscaler(options)),
        ("disruption-budget.yaml", disruption_budget(options)),
        ("network-policy.yaml", network_policy(options)),
        ("README.md", readme(options)),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec())
}

fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The headless Service that lists every pod.
pub(crate) fn pods_name(slug: &str) -> String {
    format!("{slug}-pods")
}

fn metadata(options: &KubernetesOptions) -> String {
    metadata_as(options, options.subject.slug())
}

fn metadata_as(options: &KubernetesOptions, object: &str) -> String {
    let slug = options.subject.slug();
    format!(
        "metadata:
  name: {object}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {slug}
    app.kubernetes.io/version: {version:?}
    app.kubernetes.io/component: model-server
    app.kubernetes.io/managed-by: ingot
",
        namespace = options.namespace,
        version = options.subject.version(),
    )
}

fn service_account(options: &KubernetesOptions) -> String {
    format!(
        "# The server never speaks to the Kubernetes API: no token is mounted.
apiVersion: v1
kind: ServiceAccount
{}automountServiceAccountToken: false
",
        metadata(options)
    )
}

fn service(options: &KubernetesOptions) -> String {
    format!(
        "apiVersion: v1
kind: Service
{}spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/name: {slug}
  ports:
    - name: api
      port: {PORT}
      targetPort: api
      protocol: TCP
",
        metadata(options),
        slug = options.subject.slug(),
    )
}

fn service_pods(options: &KubernetesOptions) -> String {
    let slug = options.subject.slug();
    format!(
        "# One name for all pods, ready or not: Prometheus finds them by it.
apiVersion: v1
kind: Service
{}spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    app.kubernetes.io/name: {slug}
  ports:
    - name: api
      port: {PORT}
      targetPort: api
      protocol: TCP
",
        metadata_as(options, &pods_name(slug)),
    )
}

fn autoscaler(options: &KubernetesOptions) -> String {
    format!(
        "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
{}spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {slug}
  minReplicas: {min}
  maxReplicas: {max}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 0
      policies:
        - type: Percent
          value: 100
          periodSeconds: 30
    scaleDown:
      stabilizationWindowSeconds: 300
      policies:
        - type: Pods
          value: 1
          periodSeconds: 60
",
        metadata(options),
        slug = options.subject.slug(),
        min = options.min_replicas,
        max = options.max_replicas,
    )
}

fn disruption_budget(options: &KubernetesOptions) -> String {
    format!(
        "# A drained node takes one replica at a time.
apiVersion: policy/v1
kind: PodDisruptionBudget
{}spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {slug}
",
        metadata(options),
        slug = options.subject.slug(),
    )
}

fn network_policy(options: &KubernetesOptions) -> String {
    format!(
        "# In: this namespace, and namespaces labelled `ingot-client: \"true\"` (an ingress, Prometheus).
# Out: names, and the ledger's PostgreSQL. Nothing else.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{}spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {slug}
  policyTypes:
    - Ingress
    - Egress
  ingress:
    - from:
        - podSelector: {{}}
        - namespaceSelector:
            matchLabels:
              ingot-client: \"true\"
      ports:
        - port: api
          protocol: TCP
  egress:
    - ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
    - ports:
        - port: 5432
          protocol: TCP
",
        metadata(options),
        slug = options.subject.slug(),
    )
}

fn deployment(options: &KubernetesOptions) -> String {
    let slug = options.subject.slug();
    format!(
        "# The number of replicas belongs to the autoscaler and is left out here.
apiVersion: apps/v1
kind: Deployment
{metadata}spec:
  revisionHistoryLimit: 5
  progressDeadlineSeconds: 300
  selector:
    matchLabels:
      app.kubernetes.io/name: {slug}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {slug}
        app.kubernetes.io/version: {version:?}
        app.kubernetes.io/component: model-server
    spec:
      serviceAccountName: {slug}
      automountServiceAccountToken: false
      enableServiceLinks: false
      # On SIGTERM the server says no at /readyz, finishes what it accepted, then ends.
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: {USER}
        runAsGroup: {USER}
        fsGroup: {USER}
        seccompProfile:
          type: RuntimeDefault
      topologySpreadConstraints:
{spread}      containers:
{container}      volumes:
{volumes}",
        metadata = metadata(options),
        version = options.subject.version(),
        spread = spread(slug),
        container = container(options),
        volumes = volumes(options),
    )
}

fn spread(slug: &str) -> String {
    ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        .map(|key| {
            format!(
                "        - maxSkew: 1
          topologyKey: {key}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: {slug}
"
            )
        })
        .concat()
}

fn container(options: &KubernetesOptions) -> String {
    let mut words = entrypoint(&options.subject);
    let program = words.remove(0);
    match options.tls_secret {
        Some(_) => words.extend(
            ["--tls-cert", "/run/secrets/tls/tls.crt", "--tls-key", "/run/secrets/tls/tls.key"]
                .map(str::to_owned),
        ),
        None => words.push("--allow-insecure".to_owned()),
    }
    let args = words.iter().fold(String::new(), |mut text, word| {
        let _ = writeln!(text, "            - {word:?}");
        text
    });
    let scheme = if options.tls_secret.is_some() { "HTTPS" } else { "HTTP" };
    let tls_mount = match options.tls_secret {
        Some(_) => {
            "            - name: tls\n              mountPath: /run/secrets/tls\n              readOnly: true\n"
        }
        None => "",
    };
    let pause = if options.minor >= 30 {
        "          # Time for every node to stop sending new connections here.
          lifecycle:
            preStop:
              sleep:
                seconds: 5
"
    } else {
        ""
    };
    format!(
        "        - name: ingot
          image: {image:?}
          imagePullPolicy: IfNotPresent
          command: [{program:?}]
          args:
{args}          env:
            # SQLite file for one replica, postgres:// for several: see README.md.
            - name: INGOT_LEDGER
              valueFrom:
                secretKeyRef:
                  name: {slug}-ingot
                  key: ledger-url
          ports:
            - name: api
              containerPort: {PORT}
              protocol: TCP
{probes}{pause}          resources:
            requests:
              cpu: 250m
              memory: 256Mi
            limits:
              memory: 1Gi
          securityContext:
            allowPrivilegeEscalation: false
            privileged: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
          volumeMounts:
            - name: secrets
              mountPath: {secrets}
              readOnly: true
            - name: state
              mountPath: /var/lib/ingot
            - name: tmp
              mountPath: /tmp
{tls_mount}",
        image = options.reference(),
        slug = options.subject.slug(),
        probes = probes(scheme),
        secrets = folder_of(IDENTITY_PATH),
    )
}

fn probes(scheme: &str) -> String {
    [
        ("startupProbe", "/healthz", 1, 60),
        ("readinessProbe", "/readyz", 2, 2),
        ("livenessProbe", "/healthz", 10, 3),
    ]
    .map(|(probe, path, period, failures)| {
        format!(
            "          {probe}:
            httpGet:
              path: {path}
              port: api
              scheme: {scheme}
            periodSeconds: {period}
            timeoutSeconds: 2
            failureThreshold: {failures}
"
        )
    })
    .concat()
}

fn volumes(options: &KubernetesOptions) -> String {
    let tls = options.tls_secret.as_ref().map_or(String::new(), |secret| {
        format!(
            "        - name: tls
          secret:
            secretName: {secret}
            defaultMode: 0400
"
        )
    });
    format!(
        "        - name: secrets
          secret:
            secretName: {slug}-ingot
            defaultMode: 0400
            items:
              - key: identity.txt
                path: identity.txt
              - key: pepper
                path: pepper
        - name: state
          emptyDir:
            sizeLimit: 1Gi
        - name: tmp
          emptyDir:
            medium: Memory
            sizeLimit: 64Mi
{tls}",
        slug = options.subject.slug(),
    )
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(folder, _)| folder)
}

fn readme(options: &KubernetesOptions) -> String {
    let (slug, namespace) = (options.subject.slug(), &options.namespace);
    let tls = options.tls_secret.as_ref().map_or(String::new(), |secret| {
        format!("kubectl -n {namespace} create secret tls {secret} --cert=tls.crt --key=tls.key\n")
    });
    format!(
        "# {name} {version} on Kubernetes

The manifests hold no secret; they refer to one. Create it first, from files that stay with you:

```sh
kubectl create namespace {namespace}   # when it does not exist yet
kubectl -n {namespace} create secret generic {slug}-ingot \\
  --from-file=identity.txt=keys/identity.txt \\
  --from-file=pepper=pepper.txt \\
  --from-literal=ledger-url='postgres://USER:PASSWORD@HOST:5432/ingot'
{tls}kubectl apply -f .
kubectl -n {namespace} rollout status deployment/{slug}
```

- `identity.txt`: the age identity that opens the package's payloads.
- `pepper`: the key that guards API keys; make it once with `openssl rand -hex 32 > pepper.txt` and keep it: without it,
  no API key made before is recognised.
- `ledger-url`: PostgreSQL, since several replicas share one ledger. For a single replica (`minReplicas: 1`,
  `maxReplicas: 1`, and a persistent volume as `state`) a file will do: `{LEDGER_PATH}`.

The first API key: `kubectl -n {namespace} exec deploy/{slug} -- ingot key create --name first --pepper /run/secrets/ingot/pepper`

---

# 在 Kubernetes 上运行 {name} {version}

清单文件里不含任何机密，只引用一个 Secret。请先用留在您手中的文件创建它（命令见上）：

- `identity.txt`：用于解开模型包的 age 私钥。
- `pepper`：保护 API 密钥的密钥。用 `openssl rand -hex 32 > pepper.txt` 生成一次并妥善保管；丢失后，以前签发的 API 密钥全部失效。
- `ledger-url`：多个副本共用一个账本，因此使用 PostgreSQL。只运行一个副本时（`minReplicas: 1`、`maxReplicas: 1`，并把 `state`
  换成持久卷），也可以使用文件：`{LEDGER_PATH}`。

签发第一个 API 密钥：`kubectl -n {namespace} exec deploy/{slug} -- ingot key create --name first --pepper /run/secrets/ingot/pepper`
",
        name = options.subject.name(),
        version = options.subject.version(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> KubernetesOptions {
        let subject = Subject::new("credit-risk", "1.0.0").unwrap();
        KubernetesOptions::new(subject, "registry.example/credit-risk", "models")
    }

    #[test]
    fn an_image_without_tag_takes_the_version() {
        let mut options = options();
        assert_eq!(options.reference(), "registry.example/credit-risk:1.0.0");
        options.image = "host:5001/a".into();
        assert_eq!(options.reference(), "host:5001/a:1.0.0");
        options.image = "a@sha256:00".into();
        assert_eq!(options.reference(), "a@sha256:00");
    }

    #[test]
    fn wrong_options_are_named() {
        type Change = fn(&mut KubernetesOptions);
        let wrong: [(&str, Change); 5] = [
            ("namespace", |o| o.namespace = "Models\nkind: Secret".into()),
            ("image", |o| o.image = "a b".into()),
            ("tls-secret", |o| o.tls_secret = Some("a/b".into())),
            ("replicas", |o| o.max_replicas = 1),
            ("replicas", |o| o.min_replicas = 0),
        ];
        for (option, change) in wrong {
            let mut options = options();
            change(&mut options);
            let fault = kubernetes(&options).unwrap_err();
            assert_eq!(fault.code(), "deploy-option-invalid");
            assert!(fault.to_string().contains(option), "{fault}");
        }
    }

    #[test]
    fn tls_reaches_arguments_probes_and_volumes() {
        let mut options = options();
        options.tls_secret = Some("edge".into());
        options.minor = 30;
        let text = deployment(&options);
        for part in ["--tls-cert", "scheme: HTTPS", "secretName: edge", "seconds: 5"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("--allow-insecure"));
    }
}
