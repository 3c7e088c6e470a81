import { useEffect, useState } from "preact/hooks";

/** "system" follows the setting of the operating system. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "theme";

function storedTheme(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "system";
  } catch {
    // A browser may forbid storage.
    return "system";
  }
}

/** Sets the theme of the document, which the style sheet reads. */
export function applyTheme(theme: Theme = storedTheme()): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(storedTheme);
  return [
    theme,
    (next) => {
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // The choice then holds until the page is closed.
      }
      applyTheme(next);
      setTheme(next);
    },
  ];
}

const NAMES = ["text", "muted", "border", "surface", "accent", "done", "failed", "pending", "time"] as const;
/** Colors of the style sheet, for canvases. */
export type Palette = Readonly<Record<(typeof NAMES)[number], string>>;

/** The present palette. A canvas draws again when it changes. */
export function usePalette(): Palette {
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const update = () => setPalette(readPalette());
    const isDark = matchMedia("(prefers-color-scheme: dark)");
    isDark.addEventListener("change", update);
    const observer = new MutationObserver(update);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      isDark.removeEventListener("change", update);
      observer.disconnect();
    };
  }, []);
  return palette;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}

/** Red, green and blue of a color as a style sheet computes it: `rgb(21, 138, 116)`. */
function channels(color: string): number[] {
  return (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

/** A color between two. @param share 0 is the first, 1 the second. */
export function mixColors(from: string, to: string, share: number): string {
  const [start, end] = [channels(from), channels(to)];
  return `rgb(${start.map((channel, index) => Math.round(channel * (1 - share) + (end[index] ?? 0) * share)).join(" ")})`;
}

/** @param opacity from 0 to 1. */
export function translucent(color: string, opacity: number): string {
  return `rgb(${channels(color).join(" ")} / ${opacity})`;
}
