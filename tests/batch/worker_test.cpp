// One job by itself, on a real disk: what becomes of what earlier tries have made.
#include <filesystem>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/fingerprint.hpp"
#include "batch/result.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

class Worker : public ::testing::Test {
protected:
    Worker()
    {
        m_job.path = m_folder / "d.raw";
        m_job.name = "d";
        m_options.lint.role = Role::data;
        make_source();
    }

    void make_source() const
    {
        m_folder.write("d.raw", "a disk");
        std::filesystem::resize_file(m_folder / "d.raw", std::uintmax_t{6} << 30);
    }

    int work()
    {
        Fd const nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
        return work_on_job(m_output, m_job, m_options, nowhere.get());
    }

    // Another format, as the list would say it.
    void to_vhd()
    {
        m_job.options = {{"to", {"vhd"}}};
        m_options.convert.target = Format::vhd;
    }

    BatchResult result() const { return read_result(BatchFolder(m_output), "d").value(); }
    bool made(const std::string &name) const { return std::filesystem::exists(m_output + "/" + name); }

    Folder m_folder;
    std::string m_output = m_folder / "out";
    BatchJob m_job;
    PrepareOptions m_options;
};

}  // namespace

TEST_F(Worker, AFailureRemovesNothing)
{
    ASSERT_EQ(work(), 0);
    ASSERT_TRUE(made("d.qcow2"));
    // Another disk in its place, which is none.
    m_folder.write("d.raw", "");
    EXPECT_EQ(work(), 3);
    EXPECT_TRUE(made("d.qcow2"));
    EXPECT_TRUE(made("d.manifest.json"));
    auto const failed = result();
    EXPECT_THAT(failed.files, IsEmpty());
    EXPECT_THAT(failed.earlier, ElementsAre("d.qcow2", "d.manifest.json"));
    // It is a failure, and one that is settled: what it names has no part in that.
    std::filesystem::remove(m_output + "/d.manifest.json");
    EXPECT_TRUE(settles(BatchFolder(m_output), failed, Fingerprints().of(m_job)));
    // A second one hands it on, and what succeeds in the end puts it away.
    m_folder.write("d.raw", "x");
    EXPECT_EQ(work(), 3);
    EXPECT_THAT(result().earlier, ElementsAre("d.qcow2"));
    make_source();
    to_vhd();
    EXPECT_EQ(work(), 0);
    EXPECT_TRUE(made("d.vhd"));
    EXPECT_FALSE(made("d.qcow2"));
    EXPECT_THAT(result().earlier, IsEmpty());
}

TEST_F(Worker, WithoutItsSourceWhatIsFinishedStays)
{
    ASSERT_EQ(work(), 0);
    std::filesystem::rename(m_job.path, m_folder / "away");
    EXPECT_EQ(work(), 0);
    // Asked for all the same, it fails; and what was there is there.
    auto asked = result();
    asked.again = true;
    ASSERT_TRUE(write_result(BatchFolder(m_output), asked));
    EXPECT_EQ(work(), 3);
    EXPECT_TRUE(made("d.qcow2"));
    EXPECT_EQ(result().exit_code, 3);
    std::filesystem::rename(m_folder / "away", m_job.path);
    EXPECT_EQ(work(), 0);
    EXPECT_EQ(result().files.size(), 2U);
}

TEST_F(Worker, ANewArtifactReplacesTheOldOne)
{
    ASSERT_EQ(work(), 0);
    to_vhd();
    EXPECT_EQ(work(), 0);
    EXPECT_TRUE(made("d.vhd"));
    EXPECT_FALSE(made("d.qcow2"));
}

TEST_F(Worker, ANameThatIsTakenIsTriedAgainWhenItIsFree)
{
    std::filesystem::create_directory(m_output);
    m_folder.write("out/d.qcow2", "precious");
    EXPECT_EQ(work(), 2);
    EXPECT_EQ(m_folder.read("out/d.qcow2"), "precious");
    EXPECT_EQ(work(), 2);
    std::filesystem::remove(m_output + "/d.qcow2");
    EXPECT_EQ(work(), 0);
}

TEST_F(Worker, ANameThatIsTakenIsTakenOverWhereThatIsSaid)
{
    std::filesystem::create_directory(m_output);
    m_folder.write("out/d.qcow2", "precious");
    EXPECT_EQ(work(), 2);
    m_job.options = {{"overwrite"}};
    m_options.convert.overwrite = Overwrite::yes;
    EXPECT_EQ(work(), 0);
    EXPECT_NE(m_folder.read("out/d.qcow2").substr(0, 8), "precious");
}
