#include "batch/kubernetes_manifest.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <imgport/batch.hpp>
#include <imgport/version.hpp>

#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Where pods may write beside the volumes.
constexpr const char *temporary = "/tmp";
constexpr unsigned usual_parallelism = 4;
constexpr unsigned usual_threads = 2;
// Kubernetes takes more indexes only with a bound on how many may fail, and a bad disk must not end a batch.
constexpr std::size_t most_indexes = 100'000;
// Of --among: it stands in each of the pods.
constexpr std::size_t longest_ranges = std::size_t{16} << 10;
// "-99999" comes after the Job's name in its pods' host names, which are labels of 63 characters.
constexpr std::size_t longest_slug = 30;
// What one worker takes at most with the appliance beside it: 192 MiB, a machine of 512 MiB, and qemu's own.
constexpr const char *memory = "1536Mi";

// What a name can keep of a folder's.
std::string slug_of(const std::string &folder)
{
    std::string slug;
    for (char const c : to_lower(base_name(folder))) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            slug += c;
        else if (!slug.empty() && slug.back() != '-')
            slug += '-';
        if (slug.size() == longest_slug)
            break;
    }
    while (slug.ends_with('-'))
        slug.pop_back();
    return slug;
}

std::uint64_t whole_gib(std::uint64_t bytes)
{
    constexpr std::uint64_t gib = std::uint64_t{1} << 30;
    return bytes / gib + (bytes % gib != 0 ? 1 : 0);
}

// The words of the command, without the program.
std::vector<std::string> words_of_command(const JobManifest &manifest, const std::string &among, unsigned threads)
{
    std::vector<std::string> words{
        "batch", "work", "--output", kubernetes_argument(manifest.folder), "--index", "$(JOB_COMPLETION_INDEX)"};
    auto const add = [&](const char *name, std::string value) {
        words.emplace_back(name);
        words.push_back(std::move(value));
    };
    if (!among.empty())
        add("--among", among);
    add("--threads", std::to_string(threads));
    add("--temp-dir", temporary);
    if (manifest.timeout)
        add("--timeout-per-image", std::to_string(manifest.timeout->count()));
    return words;
}

// `imgport-batch` is the same for all Jobs of a folder.
std::string labels_text(const JobManifest &manifest, std::string_view indent)
{
    return fmt::format("{0}labels:\n"
                       "{0}  app.kubernetes.io/name: imgport\n"
                       "{0}  imgport-batch: \"{1}\"\n",
                       indent, short_tag(manifest.folder));
}

std::string head_text(const JobManifest &manifest, const WrittenManifest &written)
{
    unsigned const wanted = manifest.parallelism != 0 ? manifest.parallelism : usual_parallelism;
    std::string out = fmt::format(R"(# Written by imgport {0}: one pod for each of {1} images of a batch.
#   kubectl apply -f THIS-FILE
# begins the work. The `imgport batch run` that wrote this gathers what came of it, and writes a new one for what is left
# then, under another name: a Job cannot be changed once it is there.
apiVersion: batch/v1
kind: Job
metadata:
  name: {2}
)",
                                  version(), written.images, written.name);
    if (!manifest.name_space.empty())
        out += fmt::format("  namespace: {}\n", yaml_quoted(manifest.name_space));
    out += labels_text(manifest, "  ");
    out += fmt::format(R"(spec:
  completionMode: Indexed
  completions: {0}
  parallelism: {1}  # pods at once; it may be changed while the Job runs
  # An image that fails costs its own index and no other: each has two more tries, and there is no bound on how many may
  # fail (maxFailedIndexes), because one bad disk, or a hundred, must not end the batch.
  backoffLimitPerIndex: 2
  podFailurePolicy:
    rules:
      # The node was drained or lost, or the pod made room for another one: the image has nothing to do with it.
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
      # Findings, wrong usage, bad input: it would be the same another time. What else imgport fails with is the
      # machine's doing, as is a container that was killed; that is tried again.
      - action: FailIndex
        onExitCodes:
          containerName: imgport
          operator: In
          values: [1, 2, 3]
  # No activeDeadlineSeconds: nobody knows how long disks take, and it would end all of them. No ttlSecondsAfterFinished:
  # which indexes failed is to be seen until somebody has looked.
  template:
    metadata:
)",
                       written.images, std::min<std::size_t>(wanted, written.images));
    return out + labels_text(manifest, "      ");
}

std::string pod_text(const JobManifest &manifest)
{
    return fmt::format(R"(    spec:
      restartPolicy: Never
      # A pod that is told to end takes away its temporary files first.
      terminationGracePeriodSeconds: 60
      # imgport asks nothing of the cluster.
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        # Whoever owns the batch's folder. There is no fsGroup: it would have the cluster change the ownership of
        # everything on the volume, the source disks with it.
        runAsNonRoot: true
        runAsUser: {}
        runAsGroup: {}
        seccompProfile:
          type: RuntimeDefault
)",
                       manifest.user, manifest.group);
}

std::string container_text(const JobManifest &manifest, const std::string &among)
{
    unsigned const threads = manifest.threads != 0 ? manifest.threads : usual_threads;
    std::string out = fmt::format(R"(      containers:
        - name: imgport
          image: {}
          command:
            - imgport
)",
                                  yaml_quoted(manifest.image));
    for (auto const &word : words_of_command(manifest, among, threads))
        out += fmt::format("            - {}\n", yaml_quoted(word));
    if (manifest.uploads)
        out += "          # Keys for the upload, out of a Secret of yours:\n"
               "          # envFrom:\n"
               "          #   - secretRef:\n"
               "          #       name: SECRET\n";
    out += fmt::format(R"(          env:
            - name: HOME
              value: {0}
            - name: TMPDIR
              value: {0}
          resources:
            # imgport stays under 192 MiB; the libguestfs appliance, where a filesystem needs it, is a machine of
            # 512 MiB beside it. Temporary space: 1 GiB for the appliance's files, and what packed sources unpack to.
            requests:
              cpu: "{1}"
              memory: {2}
              ephemeral-storage: {3}Gi
            limits:
              cpu: "{1}"
              memory: {2}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
          volumeMounts:
            - name: temporary
              mountPath: {0}
)",
                       temporary, threads, memory, 1 + whole_gib(2 * manifest.packed));
    return out;
}

std::string volumes_text(const JobManifest &manifest)
{
    std::string mounts;
    std::string volumes = "      volumes:\n"
                          "        - name: temporary\n"
                          "          emptyDir:\n";
    // A source that unpacks to more than this loses its pod, and nothing else on that node.
    volumes += fmt::format("            sizeLimit: {}Gi\n", 2 + whole_gib(4 * manifest.packed));
    for (std::size_t i = 0; i < manifest.volumes.size(); ++i) {
        auto const &volume = manifest.volumes[i];
        std::string const read_only = volume.writable ? "" : "readOnly: true\n";
        mounts += fmt::format("            - name: shared-{}\n"
                              "              mountPath: {}\n",
                              i, yaml_quoted(volume.path));
        volumes += fmt::format("        - name: shared-{}\n"
                               "          persistentVolumeClaim:\n"
                               "            claimName: {}\n",
                               i, yaml_quoted(volume.claim));
        if (!volume.writable) {
            mounts += "              " + read_only;
            volumes += "            " + read_only;
        }
    }
    return mounts + volumes;
}

}  // namespace

Result<WrittenManifest> write_manifest(const JobManifest &manifest)
{
    if (manifest.places.empty() || manifest.places.size() > most_indexes)
        return fail({.code = ErrorCode::usage,
                     .message = fmt::format("{} images are left, and an Indexed Job takes 1 to {}",
                                            manifest.places.size(), most_indexes),
                     .hint = "make several batches of them, each with a folder of its own"});
    WrittenManifest written;
    std::string const slug = slug_of(manifest.folder);
    written.name =
        fmt::format("imgport-{}{}{}", slug, slug.empty() ? "" : "-", short_tag(manifest.folder + "\n" + manifest.salt));
    // Where they are the first of the list, an index is the place in the list.
    std::string among;
    written.images = manifest.places.size();
    if (manifest.places.back() + 1 != manifest.places.size()) {
        auto ranges = ranges_of(manifest.places, longest_ranges);
        among = std::move(ranges.text);
        written.images = ranges.places;
    }
    written.text =
        head_text(manifest, written) + pod_text(manifest) + container_text(manifest, among) + volumes_text(manifest);
    return written;
}

PlaceRanges ranges_of(const std::vector<std::size_t> &places, std::size_t limit)
{
    PlaceRanges ranges;
    for (std::size_t i = 0; i < places.size();) {
        std::size_t end = i + 1;
        while (end < places.size() && places[end] == places[end - 1] + 1)
            ++end;
        std::string range = ranges.text.empty() ? "" : ",";
        range += std::to_string(places[i]);
        if (end > i + 1)
            range += fmt::format("-{}", places[end - 1]);
        if (ranges.text.size() + range.size() > limit)
            break;
        ranges.text += range;
        ranges.places = end;
        i = end;
    }
    return ranges;
}

Result<std::size_t> nth_place(const std::string &places, std::size_t n)
{
    auto const wrong_places = [&](const std::string &why) {
        return fail({.code = ErrorCode::usage,
                     .message = fmt::format("'{}' names no places of a list: {}", printable(places, 80), why),
                     .field = "among",
                     .hint = "numbers from 0 in ascending order, 0-3,7"});
    };
    std::size_t before = 0;   // places that came already
    std::uint64_t least = 0;  // the next number is not below this
    std::optional<std::size_t> found;
    for (auto const &range : split(places, ',')) {
        auto const dash = range.find('-');
        auto const first = parse_number(range.substr(0, dash));
        auto const last = dash == std::string::npos ? first : parse_number(range.substr(dash + 1));
        if (!first || !last || *last == std::numeric_limits<std::uint64_t>::max())
            return wrong_places(fmt::format("'{}' is no number and no range", printable(range, 40)));
        if (*first < least || *last < *first)
            return wrong_places(fmt::format("'{}' is out of order", printable(range, 40)));
        std::uint64_t const length = *last - *first + 1;
        if (!found && n - before < length)
            found = *first + (n - before);
        before += found ? 0 : length;
        least = *last + 1;
    }
    if (!found)
        return wrong_places(fmt::format("there are {} of them, counted from 0, and --index is {}", before, n));
    return *found;
}

std::string yaml_quoted(std::string_view text)
{
    std::string out = "\"";
    std::size_t at = 0;
    for (char32_t const c : code_points(text).value_or(std::u32string())) {
        std::size_t const length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        bool const breaks_lines = c == 0x85 || c == 0x2028 || c == 0x2029;
        if (c == '"' || c == '\\')
            out += '\\';
        if (c < 0x20 || (c >= 0x7f && c <= 0xa0))
            out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c));
        else if (breaks_lines || c == 0xfeff || c == 0xfffe || c == 0xffff)
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
        else
            out += text.substr(at, length);
        at += length;
    }
    return out + "\"";
}

std::string kubernetes_argument(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        out += c;
        if (c == '$')
            out += c;
    }
    return out;
}

}  // namespace imgport
