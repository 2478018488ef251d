// Runs before the first paint, so that nobody in the dark is shown a white page. A file, because the
// Content-Security-Policy knows no inline script.
(() => {
  try {
    const theme = localStorage.getItem("pleiade.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    document.documentElement.lang = localStorage.getItem("pleiade.language") ?? (/^fr/.test(navigator.language) ? "fr" : "en");
  } catch {
    // A browser that forbids storage follows the system's theme.
  }
})();
