# The end of a Packer template: the build fails when the cloud would refuse what was built. `keep` the artifact to see
# why; imgport has written the reasons beside it.
build {
  sources = ["source.qemu.debian"]

  post-processor "shell-local" {
    environment_vars = ["IMAGE=output/debian.qcow2"]
    inline = [
      "imgport check \"$IMAGE\" --report html=\"$IMAGE.html\"",
      "imgport prepare \"$IMAGE\" --output artifacts --image-name debian-12"
    ]
  }
}
