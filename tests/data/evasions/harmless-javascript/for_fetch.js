for (const fetch of [(x) => x]) fetch("a");
