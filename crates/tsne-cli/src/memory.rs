//! How much memory the process took, and how much it may take.

use std::path::Path;

/// The largest resident set of this process so far, in bytes: `VmHWM` of `/proc/self/status` on Linux, `None` elsewhere.
pub fn peak_bytes() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    kilobytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The bytes that this process may still take: what the system has available, or what its control groups leave it, if that is
/// less. On Linux; `None` elsewhere.
pub fn available_bytes() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let system = kilobytes(&read(Path::new("/proc/meminfo"))?, "MemAvailable:")?;
    let groups = read(Path::new("/proc/self/cgroup")).map(|groups| left_of_groups(&groups, read));
    Some(groups.flatten().map_or(system, |left| left.min(system)))
}

/// A number of kilobytes behind its name, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let kilobytes = text.lines().find_map(|line| line.strip_prefix(name))?;
    kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// What the control groups of a process leave it, of both versions; each is within all groups above it.
fn left_of_groups(groups: &str, read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let mut least: Option<u64> = None;
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (root, limit, used) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            }
            _ => continue,
        };
        for group in Path::new(path.trim_start_matches('/')).ancestors() {
            let directory = Path::new(root).join(group);
            let number = |name: &str| read(&directory.join(name))?.trim().parse::<u64>().ok();
            let (Some(limit), Some(used)) = (number(limit), number(used)) else { continue };
            // Pages of files that nobody has touched lately are given back when they are wanted.
            let idle = read(&directory.join("memory.stat")).and_then(|stat| {
                let of = |name: &str| stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
                of("inactive_file ")
            });
            let left = limit.saturating_sub(used.saturating_sub(idle.unwrap_or(0)));
            least = Some(least.map_or(left, |least| least.min(left)));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_leaves_what_it_and_those_above_it_have_not_used() {
        let files = |path: &Path| {
            let text = match path.to_str()? {
                "/sys/fs/cgroup/a/b/memory.max" => "max\n",
                "/sys/fs/cgroup/a/b/memory.current" => "100\n",
                "/sys/fs/cgroup/a/memory.max" => "1000\n",
                "/sys/fs/cgroup/a/memory.current" => "700\n",
                "/sys/fs/cgroup/a/memory.stat" => "anon 300\ninactive_file 200\nfile 400\n",
                "/sys/fs/cgroup/memory/c/memory.limit_in_bytes" => "450\n",
                "/sys/fs/cgroup/memory/c/memory.usage_in_bytes" => "50\n",
                _ => return None,
            };
            Some(text.to_owned())
        };
        assert_eq!(left_of_groups("0::/a/b\n", files), Some(500));
        assert_eq!(left_of_groups("4:cpu,memory:/c\n0::/a/b\n", files), Some(400));
        assert_eq!(left_of_groups("3:cpu:/c\n0::/\n", files), None);
    }

    #[test]
    fn numbers_of_kilobytes_are_found_by_their_names() {
        let text = "MemTotal:       24000000 kB\nMemAvailable:   12000000 kB\n";
        assert_eq!(kilobytes(text, "MemAvailable:"), Some(12_000_000 * 1024));
        assert_eq!(kilobytes(text, "MemFree:"), None);
    }
}
