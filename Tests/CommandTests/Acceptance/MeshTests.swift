import Foundation
import Testing

extension AcceptanceTests {
  /// Servers that know each other: by name over SSH, and by a network of their own.
  @Suite(.serialized, .onCluster, .timeLimit(.minutes(6)))
  struct MeshTests {
    let cluster: TestCluster

    init() throws { cluster = try #require(TestCluster.current) }

    private func write(count: Int, more: String = "") throws {
      try cluster.write(
        "Stackfile",
        """
        \(cluster.cloud.settings)
        layout:
            a
            b count=\(count)
        ssh-mesh:
        overlay-net:
        \(more)
        stacked/%:
            once
                echo {{ overlay_ip }} >> counter
        leave/b-%:
            on a
            echo b-{{ stem }} >> left
        access: stacked/*
        access: home = http://{{ ip a }}/
        access: inside = {{ overlay_ip b-1 }}

        """)
    }

    @Test func everybodyReachesEverybody() async throws {
      try write(count: 1)
      let run = try await cluster.stackmake()
      #expect(run.status == 0, "\(run)")
      #expect(run.error.contains("overlay-net: 2 pairs of 2 servers answer at "), "\(run)")
      let there = try await cluster.on("a", "ssh b-1 hostname && ssh b-1 ssh a hostname && sudo ssh stack@b-1 hostname")
      #expect(there.output == "b-1\na\nb-1\n", "\(there)")
      // What others wrote into authorized_keys is still there: the cluster's own key logs in.
      let ping = try await cluster.on("b-1", "ping -c 1 -W 5 172.24.4.1 | grep -c 'bytes from'")
      #expect(ping.output == "1\n", "\(ping)")
      let access = try await cluster.stackmake("access")
      #expect(access.output.hasPrefix("home    http://"), "\(access)")
      #expect(access.output.hasSuffix("inside  172.24.4.2\n"), "\(access)")
      let again = try await cluster.stackmake()
      #expect(again.status == 0, "\(again)")
      #expect(again.error.contains("up to date"), "\(again)")
    }

    @Test func oneMoreStacksNobodyAnew() async throws {
      try write(count: 2)
      let run = try await cluster.stackmake()
      #expect(run.status == 0, "\(run)")
      #expect(run.error.contains("overlay-net: 6 pairs of 3 servers answer at "), "\(run)")
      for (server, address) in [("a", "172.24.4.1"), ("b-1", "172.24.4.2"), ("b-2", "172.24.4.3")] {
        let counter = try await cluster.on(server, "cat counter")
        #expect(counter.output == "\(address)\n", "\(server): \(counter)")
      }
      let back = try await cluster.on("b-1", "ssh b-2 true && ssh a ssh b-2 hostname")
      #expect(back.output == "b-2\n", "\(back)")
    }

    @Test func aPairThatIsCutIsNamed() async throws {
      let address = try await cluster.on("b-1", "ip -o -4 addr show stackmake0 | wc -l").output
      try #require(address == "1\n")
      let cut = try await cluster.on(
        "b-1",
        "sudo nft add table inet cut; sudo nft 'add chain inet cut in { type filter hook input priority 0; }'; "
          + "sudo nft add rule inet cut in udp dport 4790 ip saddr $(getent hosts b-2 | cut -d' ' -f1) drop")
      try #require(cut.status == 0, "\(cut)")
      let run = try await cluster.stackmake("-B", "overlay-net")
      #expect(run.status == 3, "\(run)")
      #expect(run.error.contains("bytes: overlay-net: b-1 -> b-2: no answer\n"), "\(run)")
      #expect(run.error.contains("overlay-net: b-2 -> b-1: no answer\n"), "\(run)")
      #expect(run.error.contains("may keep UDP port 4790 between the servers out"), "\(run)")
      let mended = try await cluster.on("b-1", "sudo nft delete table inet cut")
      #expect(mended.status == 0, "\(mended)")
      let good = try await cluster.stackmake("overlay-net")
      #expect(good.status == 0, "\(good)")
    }

    @Test func anMTUThatDoesNotFitIsSaid() async throws {
      let run = try await cluster.stackmake("overlay-net", "overlay_mtu=9000")
      #expect(run.status == 3, "\(run)")
      #expect(run.error.contains("`overlay_mtu = 9000` doesn't fit: the network of "), "\(run)")
      #expect(try await cluster.stackmake("overlay-net").status == 0)
    }

    @Test func theOverlayOutlivesAReboot() async throws {
      _ = try await cluster.on(
        "b-2", "sudo rm -f /run/nologin; sudo ip link del stackmake0; sudo systemctl restart stackmake-overlay")
      let shown = try await cluster.on(
        "b-2", "ping -c 1 -W 5 172.24.4.1 >/dev/null && systemctl is-enabled stackmake-overlay")
      #expect(shown.output == "enabled\n", "\(shown)")
    }

    @Test func whoIsPrunedTakesItsLeave() async throws {
      try write(count: 1)
      let plan = try await cluster.stackmake("prune", "-n")
      #expect(plan.output.hasPrefix("run the recipe of leave/b-2\ndelete server "), "\(plan)")
      let prune = try await cluster.stackmake("prune", "-y")
      #expect(prune.status == 0, "\(prune)")
      let left = try await cluster.on("a", "cat left")
      #expect(left.output == "b-2\n", "\(left)")
      let run = try await cluster.stackmake()
      #expect(run.status == 0, "\(run)")
      let known = try await cluster.on(
        "a", "grep -c b-2 /etc/hosts .ssh/authorized_keys /etc/ssh/ssh_known_hosts || true")
      #expect(known.output == "/etc/hosts:0\n.ssh/authorized_keys:0\n/etc/ssh/ssh_known_hosts:0\n", "\(known)")
    }

    @Test func cleanTakesItBack() async throws {
      let clean = try await cluster.stackmake("clean", "overlay-net", "ssh-mesh")
      #expect(clean.status == 0, "\(clean)")
      let left = try await cluster.on(
        "a", "ip link show stackmake0; grep -c stackmake: /etc/hosts; ls /etc/stackmake; ssh -o BatchMode=yes b-1 true")
      #expect(left.output == "0\n", "\(left)")
      #expect(left.status != 0)
    }
  }
}
