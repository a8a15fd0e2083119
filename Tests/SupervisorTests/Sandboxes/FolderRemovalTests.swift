import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import Supervisor

@Suite struct FolderRemovalTests {
    @Test("links are removed, never followed")
    func linksStay() async throws {
        try await TestFolder.with { folder in
            let (outside, inside) = ("\(folder)/outside", "\(folder)/inside")
            mkdir(outside, 0o700)
            mkdir(inside, 0o700)
            try SmallFile.write("\(outside)/kept", [1])
            symlink(outside, "\(inside)/folder")
            symlink("\(outside)/kept", "\(inside)/file")
            link("\(outside)/kept", "\(inside)/hard")
            try FolderRemoval.remove(inside)
            #expect(access(inside, F_OK) != 0)
            #expect(SmallFile.read("\(outside)/kept", limit: 8) == [1])
        }
    }

    @Test("a nest far deeper than PATH_MAX is removed, with folders that nobody may enter")
    func deepNest() async throws {
        try await TestFolder.with { folder in
            let top = "\(folder)/top"
            mkdir(top, 0o700)
            var current = open(top, O_RDONLY | O_DIRECTORY)
            for _ in 0..<3_000 {
                mkdirat(current, "d", 0o700)
                mkdirat(current, ".removed-1", 0o000)
                let next = openat(current, "d", O_RDONLY | O_DIRECTORY)
                fchmod(current, 0o500)
                close(current)
                current = next
            }
            close(current)
            chmod(top, 0o700)
            try FolderRemoval.remove(top)
            #expect(access(top, F_OK) != 0)
        }
    }

    @Test("a folder that is not there is removed already; a link in its place is refused")
    func missing() async throws {
        try await TestFolder.with { folder in
            try FolderRemoval.remove("\(folder)/none")
            symlink("\(folder)", "\(folder)/link")
            #expect(throws: NemoClawError.self) { try FolderRemoval.remove("\(folder)/link") }
        }
    }

    @Test("data without a registry entry is set aside, not reused and not deleted")
    func setAside() async throws {
        try await TestFolder.with { folder in
            let folders = SandboxFolders(paths: SandboxPaths(state: "\(folder)"))
            let name = try SandboxName("alpha")
            try folders.create(name, uid: nil)
            try SmallFile.write("\(folders.paths.home(name))/old", [1])
            try folders.create(name, uid: nil)
            #expect(SmallFile.read("\(folders.paths.home(name))/old", limit: 8) == nil)
            try await folders.remove(name)
            #expect(access(folders.paths.folder(name), F_OK) != 0)
        }
    }
}
