// The first file of BPFTaskWork.
