//! Builds what Ingot adds to llama.cpp (`native/`), against the sources that `llama-cpp-sys-2` was built from.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "llama")]
    llama::build();
}

#[cfg(feature = "llama")]
#[expect(clippy::expect_used, reason = "a build that cannot go on says why and ends")]
mod llama {
    use std::path::{Path, PathBuf};

    /// What `CMake` notes as the folder of the sources.
    const HOME: &str = "CMAKE_HOME_DIRECTORY:INTERNAL=";

    pub(super) fn build() {
        println!("cargo:rerun-if-changed=native");
        if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
            return;
        }
        let sources = sources();
        let ggml = sources.join("ggml");
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .opt_level(3)
            .warnings(false)
            .include(sources.join("include"))
            .include(ggml.join("include"))
            .include(ggml.join("src"))
            .include(ggml.join("src/ggml-cpu"))
            .file("native/attend.cpp")
            .file("native/repack.cpp")
            .file("native/words.cpp")
            .compile("ingot_repack");
    }

    /// The sources of llama.cpp: beside the package files that it installed lies the cache of its build.
    fn sources() -> PathBuf {
        let installed = std::env::var("DEP_LLAMA_GGML_CMAKE_DIR")
            .expect("llama-cpp-sys-2 says where it installed ggml");
        let cache = Path::new(&installed)
            .ancestors()
            .map(|folder| folder.join("build/CMakeCache.txt"))
            .find(|file| file.is_file())
            .expect("the cache of llama.cpp's build is beside what it installed");
        let text = std::fs::read_to_string(&cache).expect("the cache of llama.cpp's build is text");
        let home = text.lines().find_map(|line| line.strip_prefix(HOME));
        PathBuf::from(home.expect("the cache of llama.cpp's build names its sources"))
    }
}
