import StackMake
import SystemPackage

/// Tries one after the other what must work before a cloud can make servers, and makes nothing.
package struct CloudDoctor: Sendable {
  /// Those that every server needs.
  private static let services: [ServiceType] = [.compute, .image, .network]

  private let config: CloudConfig
  private let http: any HTTP
  private let proxy: String
  private let lookUp: @Sendable (String) async -> Result<[String], NameLookup.Failure>
  private let now: @Sendable () -> Double
  private let client: ServiceClient

  /// - Parameters:
  ///   - http: should not repeat requests: whoever asks a doctor wants to know now.
  ///   - proxy: through which the cloud is reached; "" where there is none.
  ///   - now: seconds since 1970.
  package init(
    _ config: CloudConfig, http: any HTTP, proxy: String,
    lookUp: @escaping @Sendable (String) async -> Result<[String], NameLookup.Failure> = NameLookup.addresses,
    now: @escaping @Sendable () -> Double
  ) {
    self.config = config
    self.http = http
    self.proxy = proxy
    self.lookUp = lookUp
    self.now = now
    client = ServiceClient(config, http: http, tokens: TokenSource(config, http: http, now: now))
  }

  /// Tells each finding as soon as it is known, and ends after the step in which something is wrong.
  ///
  /// - Returns: whether nothing is.
  package func examine(_ tell: (DoctorFinding) -> Void) async -> Bool {
    for step in [resolve, connect, token, catalog, versions, quota] {
      let findings = await step()
      for finding in findings { tell(finding) }
      if findings.contains(where: { $0.error != nil }) { return false }
    }
    return true
  }

  // MARK: - Steps

  private func resolve() async -> [DoctorFinding] {
    let host = NameLookup.host(of: config.authURL)
    switch await lookUp(host) {
    case .success(let addresses):
      let text = addresses == [host] ? "\(host) is an address" : "\(host) is \(addresses.joined(separator: ", "))"
      return [DoctorFinding(.resolve, text)]
    case .failure(let failure):
      if !proxy.isEmpty {
        return [DoctorFinding(.resolve, "\(host) isn't known here; the proxy \(SecretMask.url(proxy)) may know it")]
      }
      let error = CloudError(
        .unavailable, operation: "look up `\(host)`", cause: failure.text,
        hint: "check the address\(place) and this machine's name service")
      return [DoctorFinding(.resolve, error)]
    }
  }

  private func connect() async -> [DoctorFinding] {
    let url = AuthRequest.identityURL(config.authURL)
    let request = HTTPRequest("GET", url, headers: [HTTPHeader("Accept", "application/json")], limit: config.limit)
    let isSecure = url.lowercased().hasPrefix("https://")
    var findings: [DoctorFinding] = []
    do throws(HTTPError) {
      let response = try await http.send(request)
      // What is wrong with the answer the login says: there it is known what was asked for.
      let versions = JSON(bytes: response.body).flatMap { APIVersions($0) }
      let what = versions?.entries.first.map { "keystone \($0.id)" } ?? "something that isn't keystone's version 3"
      findings.append(DoctorFinding(.connect, "\(what) answers at \(SecretMask.url(url))"))
      if isSecure { findings.append(DoctorFinding(.tls, trust)) }
    } catch {
      let failure = CloudError(error, operation: "connect to cloud `\(config.name)`", request: request)
      if error.code == .tls {
        findings.append(DoctorFinding(.connect, "\(NameLookup.host(of: url)) answers"))
        findings.append(DoctorFinding(.tls, failure))
      } else {
        findings.append(DoctorFinding(.connect, failure))
      }
    }
    return findings
  }

  /// Why the server is believed to be who it says.
  private var trust: String {
    guard config.tls.verify else {
      let origin = config.origin(of: "insecure") ?? config.origin(of: "verify")
      return "the certificate isn't verified" + (origin.map { " (\($0))" } ?? "")
    }
    return "the certificate is verified by " + (config.tls.caFile?.string ?? "the authorities that this machine knows")
  }

  private func token() async -> [DoctorFinding] {
    await attempt(.token) { () async throws(CloudError) in
      let token = try await client.tokens.token()
      var text = "user `\(token.user.name)`"
      if let project = token.project { text += " in project `\(project.name)`" }
      if !token.roles.isEmpty { text += ", as \(token.roles.sorted().joined(separator: ", "))" }
      text += ", for \(DurationText.text(token.expiresAt - (token.issuedAt ?? now())))"
      return [DoctorFinding(.token, text)]
    }
  }

  private func catalog() async -> [DoctorFinding] {
    await each(.catalog) { service throws(CloudError) in
      SecretMask.url(try await client.tokens.token().catalog.url(service))
    }
  }

  private func versions() async -> [DoctorFinding] {
    await each(.versions) { service throws(CloudError) in
      let versions = try await client.versions(service)
      guard service == .compute else { return versions.entries[0].id }
      let chosen = try versions.choose(ServerRequest.versions, of: service)
      return "\(chosen)" + (versions.microversions.map { " of \($0.lowerBound) to \($0.upperBound)" } ?? "")
    } + [DoctorFinding(.versions, "isn't needed", subject: ServiceType.placement.project)]
  }

  private func quota() async -> [DoctorFinding] {
    await attempt(.quota) { () async throws(CloudError) in
      let quota = try await OfferReader(OpenStackAPI(client, clock: ContinuousClock())).quota()
      return [
        ("servers", quota.instances), ("cores", quota.cores), ("MiB of memory", quota.ram), ("ports", quota.ports),
        ("floating addresses", quota.floatingAddresses),
      ].map { DoctorFinding(.quota, used: $1?.used, limit: $1?.limit, of: $0) }
    }
  }

  // MARK: -

  private func each(
    _ step: DoctorFinding.Step, _ body: (ServiceType) async throws(CloudError) -> String
  ) async -> [DoctorFinding] {
    var findings: [DoctorFinding] = []
    for service in Self.services {
      findings += await attempt(step, service.project) { () async throws(CloudError) in
        [DoctorFinding(step, try await body(service), subject: service.project)]
      }
    }
    return findings
  }

  private func attempt(
    _ step: DoctorFinding.Step, _ subject: String? = nil, _ body: () async throws(CloudError) -> [DoctorFinding]
  ) async -> [DoctorFinding] {
    do throws(CloudError) {
      return try await body()
    } catch {
      return [DoctorFinding(step, error, subject: subject)]
    }
  }

  private var place: String {
    (config.origin(of: "auth.auth_url") ?? config.origin(of: "auth_url")).map { " (\($0))" } ?? ""
  }
}
