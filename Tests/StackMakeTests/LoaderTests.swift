import StackMake
import Support
import Testing

@Suite struct LoaderTests {
  @Test func designsDevStackFile() throws {
    let files = InMemoryFileSystem(texts: [
      "Stackfile": """
      # Stackfile: a DevStack cloud of one controller and two compute nodes.
      cloud  = lab                    # an entry of clouds.yaml; leave it out to use the OS_* variables
      image  = ubuntu-24.04
      flavor = m1.large
      branch = stable/2026.1

      include <devstack>              # rules and templates that ship inside stackmake

      layout:
          controller
          compute  count=2  flavor=m1.medium

      stacked/compute-%:
          put extras/50-gpu.sh devstack/extras.d/

      tempest-passed: cells-verified
          on controller
          retry count=3 every=30s  cd devstack && tools/run-tempest.sh smoke
      """,
      "extras/50-gpu.sh": "true\n",
    ])
    let pack = """
      stacked/%:
          git clone -b {{ branch }} https://example.org/devstack
      stacked/compute-% +:
          echo {{ ip controller }} {{ stem }}
      cells-verified: stacked/*
      """
    let result = Loader(
      fileSystem: files, dialect: .small, packs: ["devstack": Array(pack.utf8)]
    ).load("Stackfile")
    #expect(DiagnosticRenderer(sources: result.sources).render(result.diagnostics) == "")
    #expect(
      try #require(result.graph).dump == """
        cells-verified (task): stacked/controller stacked/compute-1 stacked/compute-2
        layout (layout): image-validated
        tempest-passed (task): cells-verified server/controller
            on(controller) retry(3,30.0 seconds) cd devstack && tools/run-tempest.sh smoke
        image-validated (image-validated):
        server/controller (server) @controller: layout
        server/compute-1 (server) @compute-1: layout
        server/compute-2 (server) @compute-2: layout
        stacked/controller (stacked) @controller: server/controller
            once git clone -b stable/2026.1 https://example.org/devstack
        stacked/compute-1 (stacked) @compute-1: server/compute-1 server/controller
            put extras/50-gpu.sh -> devstack/extras.d/
            once echo <server/controller.ip> 1
        stacked/compute-2 (stacked) @compute-2: server/compute-2 server/controller
            put extras/50-gpu.sh -> devstack/extras.d/
            once echo <server/controller.ip> 2
        """)
  }

  @Test func designsDatabaseFile() throws {
    let files = InMemoryFileSystem(texts: [
      "Stackfile": """
      cloud = lab
      image = debian-12
      secret REPL_PASSWORD

      layout:
          primary  flavor=m1.medium
          replica  count=2

      server/%:
          sudo apt-get update -q
          sudo apt-get install -y -q postgresql

      configured/primary:
          render pg/primary.conf /etc/pg/primary.conf owner=postgres
          render pg/roles.sql roles.sql mode=0600
          sudo -u postgres psql -q < roles.sql
          sudo systemctl restart postgresql

      configured/replica-%: configured/primary
          once
              sudo systemctl stop postgresql
              sudo -u postgres rm -rf /var/lib/pg/main
              pg_basebackup -R -h {{ ip primary }} -U repl
          sudo systemctl start postgresql

      replicating: configured/*
          on primary
          retry count=20 every=3s  test "$(psql -Atc 'select 1')" = {{ count replica-* }}
      """,
      "pg/primary.conf": "listen_addresses = '{{ ip }}'\n",
      "pg/roles.sql": "create role repl password '{{ REPL_PASSWORD }}';\n",
    ])
    let result = Loader(fileSystem: files, dialect: .small).load("Stackfile")
    #expect(DiagnosticRenderer(sources: result.sources).render(result.diagnostics) == "")
    #expect(
      try #require(result.graph).dump == #"""
        layout (layout): image-validated
        configured/primary (task) @primary: server/primary
            render pg/primary.conf -> /etc/pg/primary.conf owner=postgres {pg/primary.conf ="listen_addresses = \'<server/primary.ip>\'\n"}
            render pg/roles.sql -> roles.sql mode=600 {pg/roles.sql ="create role repl password \'<secret REPL_PASSWORD>\';\n"}
            sudo -u postgres psql -q < roles.sql
            sudo systemctl restart postgresql
        replicating (task): configured/primary configured/replica-1 configured/replica-2 server/primary
            on(primary) retry(20,3.0 seconds) test "$(psql -Atc 'select 1')" = 2
        image-validated (image-validated):
        server/primary (server) @primary: layout
            sudo apt-get update -q
            sudo apt-get install -y -q postgresql
        server/replica-1 (server) @replica-1: layout
            sudo apt-get update -q
            sudo apt-get install -y -q postgresql
        server/replica-2 (server) @replica-2: layout
            sudo apt-get update -q
            sudo apt-get install -y -q postgresql
        configured/replica-1 (task) @replica-1: configured/primary server/primary server/replica-1
            once sudo systemctl stop postgresql⏎sudo -u postgres rm -rf /var/lib/pg/main⏎pg_basebackup -R -h <server/primary.ip> -U repl
            sudo systemctl start postgresql
        configured/replica-2 (task) @replica-2: configured/primary server/primary server/replica-2
            once sudo systemctl stop postgresql⏎sudo -u postgres rm -rf /var/lib/pg/main⏎pg_basebackup -R -h <server/primary.ip> -U repl
            sudo systemctl start postgresql
        """#)
  }
}
