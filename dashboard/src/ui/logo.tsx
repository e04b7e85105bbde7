export function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0e7490" />
      <path
        d="M6 21v-9m0 6h20m0 3v-6a3 3 0 0 0-3-3H12v6"
        fill="none"
        stroke="#fff"
        stroke-width="2.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
      <circle cx="9" cy="14.2" r="1.9" fill="#fff" />
    </svg>
  )
}
