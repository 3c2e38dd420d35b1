/// Something besides machines that a cluster made in its cloud.
package struct CloudResource: Sendable, Hashable {
  package enum Kind: String, Sendable, CaseIterable {
    /// In the order in which they can be deleted: a group is in use as long as a port is in it.
    case floatingAddress = "floating address"
    case port
    case serverGroup = "server group"
    case keyPair = "key pair"
    case securityGroup = "security group"
    /// Of a server's disk: it outlives the server, and is deleted only by who asks for it.
    case snapshot
  }

  package var kind: Kind
  package var id: String
  package var name: String
  /// The server of the layout that it was made for; nil where it is the whole cluster's.
  package var server: String?
  /// Whether a machine makes use of it now.
  package var isInUse: Bool
  /// Of a snapshot: which set it is a part of, and whether it can be used.
  package var set: String?
  package var isWhole: Bool

  package init(
    kind: Kind, id: String, name: String, server: String? = nil, isInUse: Bool = false, set: String? = nil,
    isWhole: Bool = true
  ) {
    self.set = set
    self.isWhole = isWhole
    self.kind = kind
    self.id = id
    self.name = name
    self.server = server
    self.isInUse = isInUse
  }
}
