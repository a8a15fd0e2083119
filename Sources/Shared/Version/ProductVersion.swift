/// Version of this build, as every program prints it.
public enum ProductVersion {
    /// Semantic version.
    public static let string = "0.1.0"
    /// Version of the private protocols in `docs/wire-protocols.md`.
    public static let wire = 1
}
